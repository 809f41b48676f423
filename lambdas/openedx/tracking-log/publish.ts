import { createReadStream } from "node:fs";
import type { Io, ObjectHead } from "../../../core/io/ports.ts";
import type { Settings } from "../../../core/io/settings.ts";
import type { CommitPlan } from "../../../core/model/commit-plan.ts";
import { TRACKING_LOG_CODE } from "../sources/code-versions.ts";
import { SORT_ORDER, TABLE_COLUMNS } from "../../normalize/columns.ts";
import type { NormalisedFile } from "../../normalize/normalise-file.ts";
import type { TrackingLogSource } from "../sources/tracking-logs.ts";
import { recordKey, type FileRecord } from "./file-record.ts";

type Home = { readonly io: Pick<Io, "objects" | "ledger">; readonly settings: Pick<Settings, "buckets"> };

export const accountingKeyOf = (source: TrackingLogSource, logDate: string, sha256: string): string =>
  `accounting/tracking_logs/${source.id}/${logDate}/${sha256}.json`;

export const planKeyOf = (planId: string): string => `commits/${planId}.json`;

/** The 14 columns as NDJSON: immutable, named by the input's sha256. */
export async function putNormalised(
  { io, settings }: Home,
  source: TrackingLogSource,
  logDate: string,
  sha256: string,
  path: string,
): Promise<string> {
  const key = `${source.asset}/${logDate}/${sha256}.log.gz`;
  await io.objects.put(settings.buckets.landing, key, createReadStream(path), { ifAbsent: true });
  return key;
}

/**
 * Staged Parquet, then the plan that names it: what a plan names exists. Another attempt finds the same keys and
 * leaves them. A file without rows is only a deletion.
 */
export async function putPlan(
  { io, settings }: Home,
  source: TrackingLogSource,
  planId: string,
  uri: string,
  parts: NormalisedFile["parts"],
): Promise<string> {
  const bucket = settings.buckets.lake;
  const files: CommitPlan["tables"][number]["files"] = [];
  for (const [index, part] of parts.entries()) {
    const key = `staging/${planId}/part-${String(index).padStart(5, "0")}.parquet`;
    await io.objects.put(bucket, key, createReadStream(part.path), { ifAbsent: true });
    files.push({ bucket, key, rows: part.rows });
  }
  const plan: CommitPlan = {
    version: 1,
    id: planId,
    newest: recordKey(source, uri),
    tables: [
      {
        namespace: "raw",
        table: source.table,
        columns: [...TABLE_COLUMNS],
        partitionBy: ["log_date"],
        replace: [{ column: "source_file", value: uri }],
        files,
        sortBy: [...SORT_ORDER],
      },
    ],
  };
  const key = planKeyOf(planId);
  await io.objects.put(settings.buckets.artifacts, key, JSON.stringify(plan), { ifAbsent: true });
  return key;
}

/** Everything that was counted for one file. The snapshot is in the ledger, under the commit of the plan. */
export async function putAccounting(
  { io, settings }: Home,
  head: ObjectHead,
  record: FileRecord,
  { facts, counts }: Pick<NormalisedFile, "facts" | "counts">,
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { uri, logDate, generation, planId, duplicateOf, accountingKey, truncated = false } = record;
  const accounting = {
    ...{ version: 1, sourceUri: uri, sourceVersion: head.versionId, sourceModified: head.lastModified, logDate },
    ...{ codeVersion: TRACKING_LOG_CODE, generation, planId, duplicateOf: duplicateOf ?? null, truncated },
    container: facts,
    ...counts,
    inputLines: counts.lines,
    ...more,
  };
  await io.objects.put(settings.buckets.artifacts, accountingKey, `${JSON.stringify(accounting, null, 1)}\n`);
}
