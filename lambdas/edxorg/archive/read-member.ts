import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Header } from "tar-stream";
import { isFailure } from "../../../core/model/failures.ts";
import { ByteSource } from "../../archive/byte-source.ts";
import { chunkBytes } from "../../../core/io/chunk.ts";
import { memberPath } from "../../archive/member-path.ts";
import { refuseType } from "../../archive/read-tar.ts";
import { FastRows } from "./kernel/fast-rows.ts";
import type { EdxorgLimits } from "./limits.ts";
import { objectKey } from "./keys.ts";
import { bareRow, type DraftRow } from "./manifest-row.ts";
import { memberName, type MemberName } from "./member-name.ts";
import { quarantineLines, quarantineMember, type QuarantineHome } from "./member-quarantine.ts";
import { OutputSpool } from "./output-spool.ts";
import type { RowHash } from "./row-hash.ts";
import { extractedValues } from "./table-header.ts";
import { peekHeader, rewriteTable } from "./table-rows.ts";
import { verifyMember } from "./verify-member.ts";

export interface ReadMember {
  readonly row: DraftRow;
  readonly name?: MemberName;
  /** The object to be put; whoever has put it removes it. */
  readonly spool?: OutputSpool;
}

export interface MemberHome extends QuarantineHome {
  /** An existing directory of the caller's. */
  readonly folder: string;
  readonly rowHash: RowHash;
  readonly limits: EdxorgLimits;
}

/** Reads the members of one archive, one at a time. What its names say never becomes a path. */
export class MemberReader {
  readonly #home: MemberHome;
  readonly #fast = new FastRows();
  #files = 0;

  constructor(home: MemberHome) {
    this.#home = home;
  }

  /** One member to its end. A damaged one is a row that says so; its bytes go to quarantine. */
  async read(
    header: Pick<Header, "name" | "type" | "size" | "linkname" | "pax">,
    body: AsyncIterable<unknown>,
  ): Promise<ReadMember> {
    const bare = bareRow(header.name, header.size);
    const refused = refusal(header);
    const name = refused === undefined ? memberName(header.name) : undefined;
    if (name === undefined) {
      const source = bytesOf(body);
      await source.drain();
      const row = { ...bare, status: "unmatched" as const, member_sha256: source.sha256() };
      return { row: refused === undefined ? row : { ...row, reason: refused } };
    }
    const { category, table = null, courseId, source, label } = name;
    const row = {
      ...{ ...bare, category, table, course_id: courseId, source },
      ...(label === undefined ? {} : { label }),
    };
    if (header.size > this.#home.limits.memberBytes) {
      for await (const chunk of body) void chunk;
      return { row: { ...row, status: "malformed", reason: "member_too_large" }, name };
    }
    return { ...(await (category === "db_table" ? this.#table(name, row, body) : this.#file(name, row, body))), name };
  }

  async #file(name: MemberName, row: Omit<DraftRow, "status">, body: AsyncIterable<unknown>): Promise<ReadMember> {
    const spool = await this.#spooled(asBuffers(body));
    const { sha256, sizeBytes } = await spool.finish();
    const read = { ...row, member_sha256: sha256 };
    if (sizeBytes === 0) return { row: { ...read, status: "empty" } };
    try {
      await verifyMember(name.category, spool, this.#home.limits);
    } catch (error) {
      return await this.#malformed(read, { sha256, spool }, error);
    }
    return { row: { ...read, status: "stored", sha256, object_key: objectKey(name, sha256) }, spool };
  }

  async #table(name: MemberName, row: Omit<DraftRow, "status">, body: AsyncIterable<unknown>): Promise<ReadMember> {
    const source = bytesOf(body);
    const spool = this.#spool();
    const target = {
      ...{ linesPath: this.#path("lines"), indexPath: this.#path("index") },
      write: (bytes: Buffer) => spool.write(bytes),
    };
    let raw: OutputSpool | undefined;
    try {
      const header = await peekHeader(source);
      const perhapsCrlf = header.subarray(-2).equals(CRLF);
      if (perhapsCrlf) raw = await this.#spooled(source.rest());
      const crlf = perhapsCrlf && raw !== undefined && (await endsInCrlf(raw.chunks()));
      const { rowHash, limits } = this.#home;
      const options = {
        extracted: extractedValues(name),
        rowHash,
        crlf,
        lineBytes: limits.lineBytes,
        fast: this.#fast,
      };
      const facts = await rewriteTable(raw?.chunks() ?? source.rest(), header, target, options);
      const read = { ...row, member_sha256: source.sha256() };
      const { rows, quarantined, shortRows } = facts;
      if (quarantined > 0) {
        await quarantineLines(this.#home, row.member, read.member_sha256, facts, target);
        await rm(target.linesPath);
        await rm(target.indexPath);
      }
      const { sha256 } = await spool.finish();
      if (rows === 0) {
        await spool.remove();
        const counts = { rows, quarantined };
        if (quarantined === 0) return { row: { ...read, ...counts, status: "empty" } };
        return { row: { ...read, ...counts, status: "malformed", reason: "no_good_line" } };
      }
      const stored = { sha256, object_key: objectKey(name, sha256), rows, quarantined, short_rows: shortRows };
      return { row: { ...read, ...stored, dialect: 2, status: "stored" }, spool };
    } catch (error) {
      await spool.remove();
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      raw ??= await this.#spooled(source.rest());
      const { sha256 } = await raw.finish();
      return await this.#malformed({ ...row, member_sha256: sha256 }, { sha256, spool: raw }, error);
    } finally {
      await raw?.remove();
    }
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

  async #malformed(
    row: Omit<DraftRow, "status">,
    bytes: { readonly sha256: string; readonly spool: OutputSpool },
    error: unknown,
  ): Promise<ReadMember> {
    try {
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      await quarantineMember(this.#home, row.member, bytes, error.code);
      return { row: { ...row, status: "malformed", reason: error.code } };
    } finally {
      await bytes.spool.remove();
    }
  }

  #spool(): OutputSpool {
    return new OutputSpool(this.#path("bin"));
  }

  #path(extension: string): string {
    this.#files += 1;
    return join(this.#home.folder, `${this.#files}.${extension}`);
  }
}

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
function refusal(header: Parameters<MemberReader["read"]>[0]): string | undefined {
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
