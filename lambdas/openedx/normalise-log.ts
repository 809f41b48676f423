import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { openDuckDb } from "../../core/io/duckdb.ts";
import { objectMissing } from "../../core/io/object-failures.ts";
import type { ObjectHead } from "../../core/io/ports.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { TRACKING_LOG_CODE } from "./sources/code-versions.ts";
import { normaliseFile, type NormalisedFile } from "../normalize/normalise-file.ts";
import { logMode, type LogMode } from "./sources/modes.ts";
import type { TrackingLogSource } from "./sources/tracking-logs.ts";
import {
  findRecord,
  holderOfText,
  isFinished,
  planIdOf,
  writeRecord,
  type FileRecord,
} from "./tracking-log/file-record.ts";
import { compatibleKey, putCompatible } from "./tracking-log/compatible-name.ts";
import { landedLog } from "./tracking-log/landed-key.ts";
import { digestObject } from "./tracking-log/object-digest.ts";
import { outputOf, type NormaliseOutput } from "./tracking-log/output.ts";
import { accountingKeyOf, putAccounting, putNormalised, putPlan } from "./tracking-log/publish.ts";
import { reloadRows } from "./tracking-log/reload.ts";
import { checkQuarantineShare, type ShareCheck } from "./tracking-log/quarantine-share.ts";
import { quarantineLines, quarantineWhole } from "./tracking-log/quarantine.ts";

/** Of the task's memory: DuckDB's limit is not a ceiling, and the line reader wants 200 MB of its own. */
const DUCKDB_SHARE = 1 / 4;
/** Attempts at the record of one file: each lost race means that another attempt got further. */
const RACE_ATTEMPTS = 8;

const Input = z.looseObject({
  object: z.looseObject({ bucket: z.string().min(1), key: z.string().min(1) }),
  mode: z.string().optional(),
});

type Context = Pick<TaskContext, "io" | "settings" | "run" | "log">;

interface Landed {
  readonly head: ObjectHead;
  readonly source: TrackingLogSource;
  readonly logDate: string;
  readonly uri: string;
  readonly path: string;
  readonly folder: string;
  readonly mode: LogMode;
}

export const handler = task({ name: "NormaliseLog", input: Input, run: normaliseLanded });

/**
 * One landed tracking log: verified, every line accounted for, rows staged for the commit. Doing it again with the
 * same bytes finds the record of the first time; a crash between any two steps is repaired by doing it again. Mode
 * `all` makes what is there again, `reload` stages the rows that were made. Both replace the file's rows in one commit,
 * under a plan of their own, and do so once for a run. `salvage`, for which only a person asks, takes the complete lines of
 * a file that was cut; the record says so.
 */
export async function normaliseLanded(
  { object, mode: wanted }: z.infer<typeof Input>,
  context: Context,
): Promise<NormaliseOutput> {
  const mode = logMode(wanted);
  const { io } = context;
  const { bucket, key } = object;
  const landed = landedLog(key);
  if (landed?.logDate === undefined) {
    throw new Failure("Rejected", `${key} is not the key of a tracking log with a date.`, {
      code: "not_a_tracking_log",
      what: `normalise ${key}`,
      hint: "Start with InspectLog, which sorts keys.",
    });
  }
  const { source, logDate } = landed;
  for (let attempt = 1; ; attempt += 1) {
    const head = await io.objects.head({ bucket, key });
    if (head === undefined) throw objectMissing({ bucket, key });
    const folder = await mkdtemp(join(tmpdir(), "millrace-log-"));
    try {
      return await io.objects.withFile({ bucket, key, versionId: head.versionId }, async (path) =>
        normaliseObject({ head, source, logDate, uri: `s3://${bucket}/${key}`, path, folder, mode }, context),
      );
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(`normalise ${key}`, error);
      if (!isFailure(error) || error.code !== "stale_item" || attempt >= RACE_ATTEMPTS) throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function normaliseObject(landed: Landed, context: Context): Promise<NormaliseOutput> {
  const { head, source, logDate, uri, path, mode } = landed;
  const { io, settings } = context;
  const sha256 = await digestObject(path, head, context.run.attempt);
  const before = await findRecord(io.ledger, source, uri);
  const known = before?.record;
  const same = known?.sha256 === sha256 && known.codeVersion === TRACKING_LOG_CODE;
  // What a run was asked to do again is done once it is on record: its later attempts go on from there.
  const repeats = same && mode !== "missing-only" && known.run !== context.run.id;
  const again = repeats ? (known.again ?? 0) + 1 : same ? known.again : undefined;
  if (before !== undefined && repeats && again !== undefined && mode === "reload") {
    const reloaded = await reloadRows(source, before, again, context);
    if (reloaded !== undefined) return reloaded;
  }
  if (same && !repeats) {
    if (known.duplicateOf === undefined) {
      if (await isFinished(io, source, known)) return outputOf("unchanged", source, known);
      return outputOf("staged", source, known);
    }
    const { holder } = await holderOfText(io.ledger, source, known.textSha256, uri);
    if (holder === known.duplicateOf) return outputOf("unchanged", source, known);
  }

  const { file, check } = await normaliseOrRefuse(landed, sha256, context);
  const generation = same ? known.generation : (known?.generation ?? 0) + 1;
  const planId = planIdOf(uri, sha256, generation, again);
  const { claim, holder } = await holderOfText(io.ledger, source, file.facts.sha256, uri);
  const duplicateOf = file.counts.lines > 0 ? holder : undefined;
  const hadRows = known !== undefined && known.duplicateOf === undefined && known.counts.rows > 0;
  const parts = duplicateOf === undefined ? file.parts : [];
  const home = { io, settings };
  const normalisedKey = await putNormalised(home, source, logDate, sha256, file.normalisedPath);
  const compatible = compatibleKey(source, logDate, head.key);
  if (compatible !== undefined) await putCompatible(io, settings.buckets.landing, normalisedKey, compatible);
  const planKey = parts.length > 0 || hadRows ? await putPlan(home, source, planId, uri, parts) : undefined;
  await quarantineLines(io, settings, head, { source, logDate, sha256 }, file);
  const { lines, rows, quarantined, blank, bom, typeAnomalies, farFromLogDate, reasons, timeStatus } = file.counts;
  const record: FileRecord = {
    ...{ uri, logDate, versionId: head.versionId, sizeBytes: head.sizeBytes, sha256 },
    ...{ textSha256: file.facts.sha256, codeVersion: TRACKING_LOG_CODE, generation, planId, run: context.run.id },
    ...(again === undefined ? {} : { again }),
    ...(file.facts.cut === undefined ? {} : { truncated: true as const }),
    ...(planKey === undefined ? {} : { planKey }),
    accountingKey: accountingKeyOf(source, logDate, sha256),
    counts: { lines, rows, quarantined, blank, bom, typeAnomalies, farFromLogDate, reasons, timeStatus },
    ...(duplicateOf === undefined ? {} : { duplicateOf }),
  };
  await putAccounting(home, head, record, file, { normalisedKey, checks: [check], runId: context.run.id });
  await assertStillCurrent(landed, context);
  await writeRecord(io.ledger, source, record, before, claim);
  return outputOf(duplicateOf === undefined ? "staged" : "duplicate", source, record, check);
}

async function normaliseOrRefuse(
  landed: Landed,
  sha256: string,
  { io, settings, run, log }: Context,
): Promise<{ readonly file: NormalisedFile; readonly check: ShareCheck }> {
  const { head, source, logDate, uri, path, folder, mode } = landed;
  const db = await openDuckDb({
    memoryMb: Math.floor(settings.memoryMb * DUCKDB_SHARE),
    threads: 1,
    tempDir: join(folder, "spill"),
    extensionsDir: settings.duckdbExtensions,
  });
  try {
    const file = await normaliseFile(db, {
      path,
      name: head.key,
      folder,
      salvage: mode === "salvage",
      origin: {
        ...{ logDate, sourceFile: uri, sourceSha256: sha256, sourceVersion: head.versionId },
        ...{ sourceModified: head.lastModified, runId: run.id, loadedAt: new Date() },
      },
    });
    const check = checkQuarantineShare(file.counts, head.key);
    if (!check.passed) log.warn("More than 1 % of the lines are in quarantine.", { key: head.key, check });
    return { file, check };
  } catch (error) {
    if (isFailure(error) && error.name === "Malformed") {
      await quarantineWhole(io, settings, head, { source, logDate, sha256 }, error.code);
    }
    throw error;
  } finally {
    db.close();
  }
}

/** Bytes that came while these were read are the newer truth: reading again is better than committing the old ones. */
async function assertStillCurrent({ head, uri }: Landed, { io }: Context): Promise<void> {
  const now = await io.objects.head({ bucket: head.bucket, key: head.key });
  if (now?.versionId === head.versionId) return;
  throw new Failure("Transient", `${uri} was replaced while it was read.`, {
    code: "object_changed",
    what: `normalise ${uri}`,
    hint: "Nothing to do: the next attempt reads the new bytes.",
  });
}
