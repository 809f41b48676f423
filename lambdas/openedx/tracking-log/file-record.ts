import { createHash } from "node:crypto";
import * as z from "zod";
import type { Io, Ledger, LedgerItem } from "../../../core/io/ports.ts";
import { TRACKING_LOG_CODE } from "../sources/code-versions.ts";
import type { TrackingLogSource } from "../sources/tracking-logs.ts";
import { ifUnchanged } from "../../../core/io/ledger-conditions.ts";

const Counts = z.looseObject({ lines: z.number(), rows: z.number(), quarantined: z.number(), blank: z.number() });

/** What is known of the object that last lay under one source URI. */
export const FileRecord = z.object({
  uri: z.string(),
  logDate: z.string(),
  versionId: z.string(),
  sizeBytes: z.number(),
  /** Of the object, and of its text. */
  sha256: z.string(),
  textSha256: z.string(),
  codeVersion: z.string(),
  /** Counts how often the content or the code changed under this URI. */
  generation: z.number().int().positive(),
  /** Counts how often a person had the same content made or loaded again. Absent = never. */
  again: z.number().int().positive().optional(),
  /** The run that made this record: what it was asked to do again is done by it once, however often it is tried. */
  run: z.string().optional(),
  planId: z.string(),
  /** Absent = nothing had to be committed. */
  planKey: z.string().optional(),
  accountingKey: z.string(),
  counts: Counts,
  /** Salvaged: what is here are the complete lines of a file that was cut. */
  truncated: z.literal(true).optional(),
  /** The URI whose rows hold the same text. */
  duplicateOf: z.string().optional(),
});
export type FileRecord = z.infer<typeof FileRecord>;

export interface StoredRecord {
  readonly rev: number;
  readonly record: FileRecord;
}

/** Where the record of a URI is; its `planId` names the newest plan for the URI's rows. */
export const recordKey = (source: TrackingLogSource, uri: string) => ({
  pk: `tracking-log#${source.id}`,
  sk: `uri#${uri}`,
});
const textsPk = (source: TrackingLogSource): string => `tracking-log-text#${source.id}`;

export async function findRecord(
  ledger: Ledger,
  source: TrackingLogSource,
  uri: string,
): Promise<StoredRecord | undefined> {
  const { pk, sk } = recordKey(source, uri);
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : { rev: item.rev, record: FileRecord.parse(item.data) };
}

/**
 * The identity of the work. The generation is part of it: bytes that come back after others must be committed again,
 * and a commit that is done is known by its plan. So is `again`: what a person wants once more is a plan of its own,
 * which replaces the rows of the one before, while the version of the data stays what it was.
 */
export function planIdOf(uri: string, sha256: string, generation: number, again = 0): string {
  return digest("tracking-log", uri, sha256, TRACKING_LOG_CODE, generation, ...(again === 0 ? [] : [again]));
}

/** Version of what one file adds to its log date. */
export const dataVersionOf = (record: Pick<FileRecord, "uri" | "textSha256" | "generation">): string =>
  digest("tracking-log-rows", record.uri, record.textSha256, record.generation);

function digest(...parts: readonly (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Whether the work of a record is done: its commit's snapshot is in the table's present history, and was announced. */
export async function isFinished(
  { ledger, lake }: Pick<Io, "ledger" | "lake">,
  source: TrackingLogSource,
  record: FileRecord,
): Promise<boolean> {
  if (record.planKey === undefined) return true;
  const item = await ledger.get("commit", `${record.planId}#raw.${source.table}#0`);
  const commit = z.object({ snapshotId: z.string(), rows: z.number() }).safeParse(item?.data);
  if (!commit.success) return false;
  if (commit.data.rows === 0 && record.counts.rows === 0) return true;
  const snapshot = await lake.currentSnapshot("raw", source.table);
  if (snapshot?.history.includes(commit.data.snapshotId) !== true) return false;
  const announced = `${record.logDate}#${dataVersionOf(record)}#${record.codeVersion}`;
  return (await ledger.get(`materialisation#${source.asset}`, announced)) !== undefined;
}

const Claim = z.object({ uri: z.string() });

/** The other file that holds this text in its rows; a claim of a file that has changed since counts no more. */
export async function holderOfText(
  ledger: Ledger,
  source: TrackingLogSource,
  textSha256: string,
  uri: string,
): Promise<{ readonly claim: LedgerItem | undefined; readonly holder: string | undefined }> {
  const claim = await ledger.get(textsPk(source), textSha256);
  if (claim === undefined) return { claim, holder: undefined };
  const holder = Claim.parse(claim.data).uri;
  if (holder === uri) return { claim, holder: undefined };
  const held = await findRecord(ledger, source, holder);
  const holds = held?.record.textSha256 === textSha256 && held.record.duplicateOf === undefined;
  return { claim, holder: holds ? holder : undefined };
}

/**
 * Puts the record, and the claim on its text if it has rows of its own, in one transaction. Throws Conflict
 * `stale_item` when another attempt was faster: everything is then looked at again.
 */
export async function writeRecord(
  ledger: Ledger,
  source: TrackingLogSource,
  record: FileRecord,
  before: StoredRecord | undefined,
  claim: LedgerItem | undefined,
): Promise<void> {
  const claims = record.duplicateOf === undefined && record.counts.lines > 0;
  await ledger.write([
    {
      put: { ...recordKey(source, record.uri), data: record },
      if: ifUnchanged(before),
    },
    ...(claims
      ? [
          {
            put: { pk: textsPk(source), sk: record.textSha256, data: { uri: record.uri } },
            if: ifUnchanged(claim),
          },
        ]
      : []),
  ]);
}
