import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Header } from "tar-stream";
import { isFailure } from "../../../core/model/failures.ts";
import { ByteSource } from "../../archive/byte-source.ts";
import { chunkBytes } from "../../../core/io/chunk.ts";
import { memberPath } from "../../archive/member-path.ts";
import { refuseType } from "../../archive/read-tar.ts";
import type { EdxorgLimits } from "./limits.ts";
import { objectKey } from "./keys.ts";
import { bareRow, type DraftRow } from "./manifest-row.ts";
import { memberName, type MemberName } from "./member-name.ts";
import { quarantineLines, quarantineMember, type QuarantineHome } from "./member-quarantine.ts";
import { OutputSpool, removeSpooled, type SpooledFile } from "./output-spool.ts";
import type { Rewritten, TableWork } from "./rewrite-messages.ts";
import { RewriteThreads } from "./rewrite-threads.ts";
import type { RowHash } from "./row-hash.ts";
import { extractedValues } from "./table-header.ts";
import { behind, headerOf, peekHeader } from "./table-rows.ts";
import { verifyMember } from "./verify-member.ts";
import { WritePieces } from "./write-pieces.ts";

export interface ReadMember {
  readonly row: DraftRow;
  readonly name?: MemberName;
  /** The object to be put; whoever has put it removes it. */
  readonly file?: SpooledFile;
}

/** A member whose bytes have been read; what they became follows. */
export interface BegunMember {
  /** As it came. */
  readonly sizeBytes: number;
  readonly read: Promise<ReadMember>;
}

export interface MemberHome extends QuarantineHome {
  /** An existing directory of the caller's. */
  readonly folder: string;
  /** What tables become is written past the page cache: it stays on this disk, and is not read soon. */
  readonly direct: boolean;
  readonly rowHash: RowHash;
  readonly limits: EdxorgLimits;
}

/** Reads the members of one archive, one at a time. What its names say never becomes a path. */
export class MemberReader {
  readonly #home: MemberHome;
  readonly #pieces = new WritePieces();
  readonly #threads = new RewriteThreads();
  #files = 0;

  constructor(home: MemberHome) {
    this.#home = home;
  }

  /** What is under way is given up. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  /** One member to its end. A damaged one is a row that says so; its bytes go to quarantine. */
  async begin(
    header: Pick<Header, "name" | "type" | "size" | "linkname" | "pax">,
    body: AsyncIterable<unknown>,
  ): Promise<BegunMember> {
    const bare = bareRow(header.name, header.size);
    const refused = refusal(header);
    const name = refused === undefined ? memberName(header.name) : undefined;
    if (name === undefined) {
      const source = bytesOf(body);
      await source.drain();
      const row = { ...bare, status: "unmatched" as const, member_sha256: source.sha256() };
      return begun(row, { row: refused === undefined ? row : { ...row, reason: refused } });
    }
    const { category, table = null, courseId, source, label } = name;
    const row = {
      ...{ ...bare, category, table, course_id: courseId, source },
      ...(label === undefined ? {} : { label }),
    };
    if (header.size > this.#home.limits.memberBytes) {
      for await (const chunk of body) void chunk;
      return begun(row, { row: { ...row, status: "malformed", reason: "member_too_large" }, name });
    }
    return category === "db_table" ? this.#table(name, row, body) : begun(row, await this.#file(name, row, body));
  }

  async #file(name: MemberName, row: Omit<DraftRow, "status">, body: AsyncIterable<unknown>): Promise<ReadMember> {
    const spool = await this.#spooled(asBuffers(body));
    const file = await spool.finish();
    const { sha256 } = file;
    const read = { ...row, member_sha256: sha256 };
    if (file.sizeBytes === 0) {
      await removeSpooled(file);
      return { row: { ...read, status: "empty" }, name };
    }
    try {
      await verifyMember(name.category, file, this.#home.limits);
    } catch (error) {
      return { ...(await this.#malformed(read, file, error)), name };
    }
    return { row: { ...read, status: "stored", sha256, object_key: objectKey(name, sha256) }, name, file };
  }

  async #table(name: MemberName, row: Omit<DraftRow, "status">, body: AsyncIterable<unknown>): Promise<BegunMember> {
    const source = bytesOf(body);
    let raw: OutputSpool | undefined;
    try {
      const header = await peekHeader(source);
      const perhapsCrlf = header.subarray(-2).equals(CRLF);
      if (perhapsCrlf) raw = await this.#spooled(source.rest());
      const crlf = perhapsCrlf && raw !== undefined && (await endsInCrlf(raw.chunks()));
      const { rowHash, limits, direct } = this.#home;
      const options = { extracted: extractedValues(name), rowHash, crlf, lineBytes: limits.lineBytes };
      headerOf(header, options);
      const paths = { linesPath: this.#path("lines"), indexPath: this.#path("index"), spoolPath: this.#path("bin") };
      const rest = behind(header.length, raw?.chunks() ?? source.rest());
      const { rewritten } = await this.#threads.rewrite({ header, options, direct, ...paths }, row.size, rest);
      const read = { ...row, member_sha256: source.sha256() };
      return { sizeBytes: row.size, read: rewritten.then((made) => this.#rewritten(name, read, made, paths)) };
    } catch (error) {
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      const whole = raw ?? (await this.#spooled(source.rest()));
      raw = undefined;
      const file = await whole.finish();
      const refused = await this.#malformed({ ...row, member_sha256: file.sha256 }, file, error);
      return begun(row, { ...refused, name });
    } finally {
      await raw?.remove();
    }
  }

  async #rewritten(
    name: MemberName,
    row: Omit<DraftRow, "status"> & { readonly member_sha256: string },
    { facts, file }: Rewritten,
    { linesPath, indexPath }: Pick<TableWork, "linesPath" | "indexPath">,
  ): Promise<ReadMember> {
    const { rows, quarantined, shortRows } = facts;
    if (quarantined > 0) {
      await quarantineLines(this.#home, row.member, row.member_sha256, facts, { linesPath, indexPath });
      await rm(linesPath);
      await rm(indexPath);
    }
    if (rows === 0) {
      await removeSpooled(file);
      const counts = { rows, quarantined };
      if (quarantined === 0) return { row: { ...row, ...counts, status: "empty" }, name };
      return { row: { ...row, ...counts, status: "malformed", reason: "no_good_line" }, name };
    }
    const { sha256 } = file;
    const stored = { sha256, object_key: objectKey(name, sha256), rows, quarantined, short_rows: shortRows };
    return { row: { ...row, ...stored, dialect: 2, status: "stored" }, name, file };
  }

  async #spooled(chunks: AsyncIterable<Buffer>): Promise<OutputSpool> {
    const spool = this.#spool();
    try {
      for await (const chunk of chunks) await spool.write(chunk);
      return spool;
    } catch (error) {
      await spool.remove();
      throw error;
    }
  }

  async #malformed(row: Omit<DraftRow, "status">, file: SpooledFile, error: unknown): Promise<ReadMember> {
    try {
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      await quarantineMember(this.#home, row.member, file, error.code);
      return { row: { ...row, status: "malformed", reason: error.code } };
    } finally {
      await removeSpooled(file);
    }
  }

  #spool(): OutputSpool {
    return new OutputSpool(this.#path("bin"), { pieces: this.#pieces, direct: false });
  }

  #path(extension: string): string {
    this.#files += 1;
    return join(this.#home.folder, `${this.#files}.${extension}`);
  }
}

const begun = ({ size }: Pick<DraftRow, "size">, read: ReadMember): BegunMember => ({
  sizeBytes: size,
  read: Promise.resolve(read),
});

const CRLF = Buffer.from("\r\n");
const LF = 10;
const CR = 13;

/** Whether a CR stands before every LF. */
async function endsInCrlf(chunks: AsyncIterable<Buffer>): Promise<boolean> {
  let before = 0;
  for await (const chunk of chunks) {
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, lf + 1)) {
      if ((lf === 0 ? before : chunk[lf - 1]) !== CR) return false;
    }
    before = chunk.at(-1) ?? before;
  }
  return true;
}

/** Why a member is not even looked at; undefined = it may be one of edx.org's. */
function refusal(header: Parameters<MemberReader["begin"]>[0]): string | undefined {
  try {
    refuseType(header);
    memberPath(header.name);
    return undefined;
  } catch (error) {
    if (isFailure(error)) return error.code;
    throw error;
  }
}

/** What ends the archive also ends the body, under the same name: it must not be taken for a fault of the member. */
async function* asBuffers(body: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunkBytes(chunk);
  } catch (cause) {
    throw new Error("The archive ends inside this member.", { cause });
  }
}

const bytesOf = (body: AsyncIterable<unknown>): ByteSource => new ByteSource(asBuffers(body));
