import * as z from "zod";
import type { Ledger, ObjectHead } from "../../../core/io/ports.ts";
import { outputWrite } from "../../../core/io/run-outputs.ts";
import { courseExportAsset } from "../sources/course-assets.ts";

/** `pk export#<deployment>, sk <course id>`: the latest export that was started. */
const ExportRecord = z.object({
  run: z.string(),
  taskId: z.string(),
  /** As the LMS told it before the export: what is published meanwhile need not be in the archive. */
  publishedVersion: z.string().optional(),
  /** Of the archive, in the landing bucket. */
  key: z.string(),
  /** Version of the object that was there before; null = none was. */
  before: z.string().nullable(),
  startedAt: z.string(),
  ended: z.object({ etag: z.string(), versionId: z.string(), sizeBytes: z.number(), at: z.string() }).optional(),
});
export type ExportRecord = z.infer<typeof ExportRecord>;

/** A run polls for an hour; what lands later was not asked for by it. */
const LONGEST_MS = 70 * 60_000;
/** The store's clock and ours. */
const SKEW_MS = 60_000;
const pkOf = (deployment: string): string => `export#${deployment}`;

export async function exportRecord(
  ledger: Ledger,
  deployment: string,
  courseId: string,
): Promise<ExportRecord | undefined> {
  const item = await ledger.get(pkOf(deployment), courseId);
  return item === undefined ? undefined : ExportRecord.parse(item.data);
}

export async function recordStarted(
  ledger: Ledger,
  deployment: string,
  courseId: string,
  record: ExportRecord,
): Promise<void> {
  await ledger.write([{ put: { pk: pkOf(deployment), sk: courseId, data: record }, if: { any: true } }]);
}

/** The end, and for the run's item the version that it has brought. */
export async function recordEnded(
  ledger: Ledger,
  deployment: string,
  courseId: string,
  record: ExportRecord,
  { etag, versionId, sizeBytes }: ObjectHead,
): Promise<void> {
  const at = Date.now();
  const ended = { etag, versionId, sizeBytes, at: new Date(at).toISOString() };
  const asset = courseExportAsset(deployment);
  await ledger.write([
    { put: { pk: pkOf(deployment), sk: courseId, data: { ...record, ended } }, if: { any: true } },
    outputWrite(record.run, { asset, partition: courseId, dataVersion: `${etag} ${versionId}`, at }),
  ]);
}

/**
 * What was published when the export began that has made this object; undefined = it was not asked for by us, or too
 * long ago. The archive's own run begins with its landing, often before the export's run has seen it.
 */
export function publishedVersionOf(record: ExportRecord | undefined, archive: ObjectHead): string | undefined {
  if (record === undefined || record.key !== archive.key) return undefined;
  if (record.ended !== undefined) {
    return record.ended.versionId === archive.versionId ? record.publishedVersion : undefined;
  }
  const after = archive.lastModified.getTime() - Date.parse(record.startedAt);
  const isIts = archive.versionId !== record.before && after >= -SKEW_MS && after <= LONGEST_MS;
  return isIts ? record.publishedVersion : undefined;
}
