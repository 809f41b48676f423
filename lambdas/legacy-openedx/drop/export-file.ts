import { createHash } from "node:crypto";
import type { Io } from "../../../core/io/ports.ts";
import { chunkBytes } from "../../../core/io/chunk.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import { countRecords } from "../csv/count-records.ts";
import { queryDigest, type Cursor, type DropFile } from "../queries.ts";
import type { DoneFile, FileRecord } from "./file-record.ts";
import { PartWriter, type FilePart } from "./part-writer.ts";
import type { RowSession, RowSource } from "./row-source.ts";

/** 59 GB make 950 of the 10,000 parts that S3 allows; two of them are in memory. */
export const PART_BYTES = 64 * 1_024 * 1_024;

/** At the same row. What is lost again is for the machine to try again; a Conflict it never does. */
const LOST_ATTEMPTS = 2;
/** At the same row, each for as long as the source lets a statement wait. */
const LOCKED_ATTEMPTS = 8;

export interface ExportOptions {
  readonly io: Pick<Io, "objects">;
  readonly record: FileRecord;
  readonly source: RowSource;
  readonly file: DropFile;
  readonly courses: readonly string[];
  readonly coursesSha256: string;
  /** Where the file is made ready. */
  readonly staged: { readonly bucket: string; readonly key: string };
  /** Where cells go whose bytes are no UTF-8: one object for each part that has any. */
  readonly quarantine: { readonly bucket: string; readonly prefix: string };
  /** Throws when somebody else may be making the same file. */
  readonly check: () => Promise<void>;
  readonly partBytes?: number;
}

/**
 * Exports one file of the drop, straight from its source into an upload in parts: nothing of it is ever whole in
 * memory or on disk. Every part is on record with the row it ends at, so another attempt goes on behind the last one.
 *
 * Throws Transient `mysql_connection_lost` when new credentials and another connection brought nothing, Misconfigured
 * `mysql_denied`, Conflict `mysql_locked`, Malformed `columns_differ` or `rows_disagree`, Transient `upload_restarted`.
 */
export async function exportFile(options: ExportOptions): Promise<DoneFile> {
  const { record, source, file, courses, staged, coursesSha256, partBytes = PART_BYTES } = options;
  const failure = (error: unknown): unknown => source.failure(error, `export ${file.name}`);
  const querySha256 = queryDigest(file, source.kind);
  let progress = await record.read();
  if (progress.done !== undefined) return progress.done;
  const { begun: before } = progress;
  if (before !== undefined && (before.querySha256 !== querySha256 || before.coursesSha256 !== coursesSha256)) {
    await record.forget(progress);
    progress = { parts: [] };
  }
  const parts = [...progress.parts];
  const from: Cursor = cursorOf(parts.at(-1)?.until);
  const hash = parts.length === 0 ? createHash("sha256") : undefined;
  let { begun } = progress;
  let session: RowSession | undefined;
  const writer = new PartWriter({ file, partBytes, parts: parts.length, from, keep: keepPart });
  try {
    let cursor = from;
    let stoppedAt: string | undefined;
    let stops = 0;
    while (cursor.course < courses.length || begun === undefined) {
      try {
        session ??= await source.open(stoppedAt !== undefined);
        const snapshotTime = await session.snapshot();
        if (begun === undefined) {
          const upload = await options.io.objects.beginUpload(staged.bucket, staged.key, { contentType: "text/csv" });
          begun = { upload, querySha256, coursesSha256, snapshotTime };
          await record.begin(begun);
        }
        cursor = await session.read(options, writer, cursor);
      } catch (error) {
        session?.close();
        session = undefined;
        const isLocked = source.isLocked(error);
        if (isFailure(error) || !(isLocked || source.isRenewable(error))) throw failure(error);
        cursor = await writer.rewind();
        const at = JSON.stringify(cursor);
        stops = at === stoppedAt ? stops + 1 : 1;
        stoppedAt = at;
        const [attempts, given] = isLocked ? [LOCKED_ATTEMPTS, failure(error)] : [LOST_ATTEMPTS, lost(file, error)];
        if (stops >= attempts) throw given;
      }
    }
    await writer.finish();
    await options.check();
    const kept = parts.map(({ part }) => part);
    const object = await options.io.objects.completeUpload(begun.upload, kept);
    const done: DoneFile = {
      name: file.name,
      key: staged.key,
      rows: sum(parts.map(({ rows }) => rows)),
      bytes: object.sizeBytes,
      // A digest has no state that could be kept beside a part: after a restart the object itself is read.
      sha256: hash === undefined ? await digestOf(options.io, staged) : hash.digest("hex"),
      querySha256,
      snapshotTime: begun.snapshotTime,
      damaged: sum(parts.map(({ damaged }) => damaged)),
    };
    await record.finish(done);
    return done;
  } catch (error) {
    if (!isFailure(error) || error.code !== "upload_gone") throw error;
    await record.forget({ parts });
    throw new Failure("Transient", `The upload of ${file.name} is gone; the next attempt begins a new one.`, {
      code: "upload_restarted",
      what: `export ${file.name}`,
      cause: error,
    });
  } finally {
    session?.close();
    await writer.settled();
  }

  async function keepPart({ number, bytes, rows, until, damaged }: FilePart): Promise<void> {
    const records = countRecords(bytes) - (number === 1 ? 1 : 0);
    if (records !== rows) throw rowsDisagree(file, number, rows, records);
    if (begun === undefined) throw new Error("A part came before its upload was begun.");
    hash?.update(bytes);
    await options.check();
    const part = await options.io.objects.putPart(begun.upload, number, bytes);
    if (damaged.length > 0) {
      const lines = damaged.map((cell) => `${JSON.stringify(cell)}\n`).join("");
      const key = `${options.quarantine.prefix}part-${String(number).padStart(5, "0")}.ndjson`;
      await options.io.objects.put(options.quarantine.bucket, key, lines);
    }
    const kept = { part, rows, until, damaged: damaged.length };
    await record.keep(kept);
    parts.push(kept);
  }
}

const cursorOf = (until: { readonly course: number; readonly id?: string | undefined } | undefined): Cursor =>
  until === undefined ? { course: 0 } : { course: until.course, ...(until.id === undefined ? {} : { id: until.id }) };

async function digestOf({ objects }: Pick<Io, "objects">, ref: { readonly bucket: string; readonly key: string }) {
  const hash = createHash("sha256");
  for await (const chunk of await objects.get(ref)) hash.update(chunkBytes(chunk));
  return hash.digest("hex");
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const rowsDisagree = (file: DropFile, number: number, rows: number, records: number): Failure =>
  new Failure("Malformed", `Part ${number} of ${file.name} has ${rows} rows and ${records} records.`, {
    code: "rows_disagree",
    what: `export ${file.name}`,
    hint: "This is a bug of the writer: keep the part and report it.",
    details: { part: number, rows, records },
  });

const lost = (file: DropFile, cause: unknown): Failure =>
  new Failure("Transient", `The database ended the connection twice at the same row of ${file.name}.`, {
    code: "mysql_connection_lost",
    what: `export ${file.name}`,
    hint: "It is tried again and goes on behind the last part.",
    cause,
  });
