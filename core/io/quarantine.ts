import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as z from "zod";
import { Failure } from "../model/failures.ts";
import { objectMissing } from "./object-failures.ts";
import type { Io } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** Bytes that could not be accepted: one ledger item per file, the bytes and their index in the quarantine bucket. */

const QUARANTINE_PK = "quarantine";

/** One ledger item. Either `linesKey` and `indexKey` (parts of a file) or `wholeFile` (the object, where it landed). */
export const QuarantineRecord = z.looseObject({
  sourceKey: z.string().min(1),
  /** Of the landed object. */
  sha256: z.string(),
  count: z.number().int(),
  reasons: z.record(z.string(), z.number()),
  /** Why the whole file was refused. */
  wholeFile: z.string().optional(),
  /** Bucket of the lines, or of the refused object. */
  bucket: z.string(),
  key: z.string().optional(),
  versionId: z.string().optional(),
  sizeBytes: z.number().optional(),
  linesKey: z.string().optional(),
  indexKey: z.string().optional(),
  /** ISO 8601 */
  at: z.string(),
  /** When other bytes took the place of these under the same key; they are still kept. */
  supersededAt: z.string().optional(),
});
export type QuarantineRecord = z.infer<typeof QuarantineRecord>;

/** What `millrace quarantine list --json` prints. Line 0 = the whole object. Lengths and hashes leave out line endings. */
export interface QuarantinedPart {
  readonly sourceKey: string;
  readonly line: number;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly reason: string;
  readonly sha256: string;
}

const IndexEntry = z.looseObject({
  line: z.number(),
  offset: z.number(),
  length: z.number(),
  sha256: z.string(),
  reason: z.string(),
});

const sortKey = (record: Pick<QuarantineRecord, "sourceKey" | "sha256">): string =>
  `${record.sourceKey}#${record.sha256}`;

/**
 * Puts a file's quarantine on record. Records of other bytes under the same key are marked as superseded: a corrected
 * file has been read, what is wrong with the old one is history.
 */
export async function recordQuarantine({ ledger }: Pick<Io, "ledger">, record: QuarantineRecord): Promise<void> {
  await supersedeQuarantine({ ledger }, record.sourceKey, record.sha256, record.at);
  await ledger.write([
    { put: { pk: QUARANTINE_PK, sk: sortKey(record), data: QuarantineRecord.parse(record) }, if: { any: true } },
  ]);
}

/** Marks all records of the key but those of the bytes `sha256`. */
export async function supersedeQuarantine(
  { ledger }: Pick<Io, "ledger">,
  sourceKey: string,
  sha256: string,
  at: string,
): Promise<void> {
  for await (const record of readRecords({ ledger }, sourceKey)) {
    if (record.sha256 === sha256 || record.supersededAt !== undefined) continue;
    const data = { ...record, supersededAt: at };
    await ledger.write([{ put: { pk: QUARANTINE_PK, sk: sortKey(record), data }, if: { any: true } }]);
  }
}

/** All records, or those of one source key (with `/`: of the keys below it), in order of source key. */
export async function* readRecords(
  { ledger }: Pick<Io, "ledger">,
  sourceKey?: string,
  end: "#" | "/" = "#",
): AsyncGenerator<QuarantineRecord> {
  const prefix = sourceKey === undefined ? {} : { prefix: `${sourceKey}${end}` };
  let after: string | undefined;
  do {
    const page = await ledger.query(QUARANTINE_PK, { ...prefix, ...(after === undefined ? {} : { after }) });
    for (const item of page.items) {
      const record = QuarantineRecord.parse(item.data);
      // A key may hold "#", too.
      if (sourceKey === undefined || end === "/" || record.sourceKey === sourceKey) yield record;
    }
    after = page.next;
  } while (after !== undefined);
}

/** Records of one source key, and of what was inside of it: members of an archive have keys below its own. */
async function* readRecordsWithin({ ledger }: Pick<Io, "ledger">, sourceKey: string): AsyncGenerator<QuarantineRecord> {
  yield* readRecords({ ledger }, sourceKey);
  yield* readRecords({ ledger }, sourceKey, "/");
}

/** Every quarantined line and every refused object that is not superseded (or also those). */
export async function* listQuarantine(
  io: Pick<Io, "ledger" | "objects">,
  options: { readonly sourceKey?: string; readonly superseded?: boolean } = {},
): AsyncGenerator<QuarantinedPart> {
  const { sourceKey: within } = options;
  for await (const record of within === undefined ? readRecords(io) : readRecordsWithin(io, within)) {
    if (record.supersededAt !== undefined && options.superseded !== true) continue;
    const { sourceKey, sha256, wholeFile, sizeBytes = 0, indexKey, bucket } = record;
    if (wholeFile !== undefined) {
      yield { sourceKey, line: 0, byteOffset: 0, byteLength: sizeBytes, reason: wholeFile, sha256 };
    } else if (indexKey !== undefined) {
      const lines = createInterface({ input: await io.objects.get({ bucket, key: indexKey }), crlfDelay: Infinity });
      for await (const line of lines) {
        const entry = IndexEntry.parse(JSON.parse(line));
        const { offset: byteOffset, length: byteLength, reason } = entry;
        yield { sourceKey, line: entry.line, byteOffset, byteLength, reason, sha256: entry.sha256 };
      }
    }
  }
}

/**
 * The quarantined bytes of the newest record of a source key, exactly: bad lines one after another with their
 * endings, or the refused object. Throws Rejected `not_quarantined`.
 */
export async function exportQuarantine(
  io: Pick<Io, "ledger" | "objects">,
  _settings: Settings,
  sourceKey: string,
): Promise<Readable> {
  let newest: QuarantineRecord | undefined;
  for await (const record of readRecords(io, sourceKey)) {
    const isNewer = newest === undefined || (record.supersededAt === undefined && newest.supersededAt !== undefined);
    if (isNewer || (newest !== undefined && record.at > newest.at && record.supersededAt === undefined))
      newest = record;
  }
  if (newest === undefined) {
    throw new Failure("Rejected", `Nothing of ${sourceKey} is in quarantine.`, {
      code: "not_quarantined",
      what: `export the quarantine of ${sourceKey}`,
      hint: "`npx millrace quarantine list` shows the source keys.",
    });
  }
  const { bucket, key = sourceKey, versionId, linesKey, wholeFile } = newest;
  if (wholeFile === undefined && linesKey !== undefined) return io.objects.get({ bucket, key: linesKey });
  const ref = { bucket, key, ...(versionId === undefined ? {} : { versionId }) };
  if ((await io.objects.head(ref)) === undefined) throw objectMissing(ref);
  return io.objects.get(ref);
}
