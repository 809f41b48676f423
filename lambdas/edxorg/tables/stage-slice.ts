import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { recordQuarantine } from "../../../core/io/quarantine.ts";
import { tablePath, type LakeSession } from "../../../core/io/lake.ts";
import { ensureTable } from "../../../core/io/lake-table.ts";
import type { Io } from "../../../core/io/ports.ts";
import type { Settings } from "../../../core/io/settings.ts";
import { type CommitPlan } from "../../../core/model/commit-plan.ts";
import { isFailure } from "../../../core/model/failures.ts";
import type { BatchObject } from "./batch-object.ts";
import { COMMON, COURSE, KEY, strings } from "./columns.ts";
import { readHeader } from "./header.ts";
import { countsSql, dataColumns, duplicatesSql, KEYS, knownSql, mergeSql } from "./merge-sql.ts";
import { lakeTable, NAMESPACE } from "../sources/raw-tables.ts";
import { readObject } from "./read-object.ts";
import { noCounts, type Cursor, type LoadCounts, type OpenBatch, type StagedSlice } from "./records.ts";
import { writeSlice } from "./slice-file.ts";

export interface SliceHome {
  readonly io: Pick<Io, "objects" | "ledger">;
  readonly buckets: Settings["buckets"];
  readonly table: string;
  /** An existing directory for what is spooled. */
  readonly folder: string;
  readonly sliceBytes: number;
}

interface Read {
  readonly columns: Set<string>;
  readonly courses: Set<string>;
  readonly ended: string[];
  readonly failed: StagedSlice["failed"][number][];
  rows: number;
}

/**
 * Reads objects from the cursor on, up to the size of a slice, and stages what the commit of them is: rows as Parquet, and
 * a plan. No course comes twice in one slice, for a row that comes back would need to be seen in the lake.
 */
export async function stageSlice(
  session: LakeSession,
  home: SliceHome,
  open: OpenBatch,
  list: readonly BatchObject[],
): Promise<StagedSlice> {
  const { cursor } = open;
  await session.run("CREATE OR REPLACE TABLE incoming (_source_uri VARCHAR, _newest BOOLEAN)");
  const read: Read = { columns: new Set(), courses: new Set(), ended: [], failed: [], rows: 0 };
  let { index, offset } = cursor;
  let room = home.sliceBytes;
  for (let object = list[index]; object !== undefined; object = list[index]) {
    const isFirst = index === cursor.index;
    if (!isFirst && (object.sizeBytes > room || read.courses.has(object.courseId))) break;
    const next = await readPart(session, home, object, { index, offset }, read);
    room -= object.sizeBytes;
    if (next !== undefined) {
      offset = next;
      break;
    }
    [index, offset] = [index + 1, 0];
  }
  const next: Cursor = { index, offset };
  const { failed } = read;
  if (read.courses.size === 0) return { next, counts: { ...noCounts, quarantined: failed.length }, failed };
  return { next, failed, ...(await stageRows(session, home, open, read)) };
}

/** Gives where the object goes on; undefined = it ends in this slice, or cannot be read. */
async function readPart(
  session: LakeSession,
  home: SliceHome,
  object: BatchObject,
  { index, offset }: Cursor,
  read: Read,
): Promise<number | undefined> {
  const { io, buckets, folder, sliceBytes } = home;
  const { key, versionId, courseId, dialect, newest } = object;
  const ref = { bucket: buckets.landing, key };
  const target = join(folder, "part.tsv");
  try {
    return await io.objects.withFile({ ...ref, versionId }, async (whole) => {
      const header = await readHeader(whole, dialect);
      const isPart = dialect === 1 || offset > 0 || object.sizeBytes > sliceBytes;
      const request = { path: whole, dialect, from: offset, limitBytes: sliceBytes, target, header: header.line };
      const next = isPart ? await writeSlice(request) : undefined;
      const uri = `s3://${buckets.landing}/${key}`;
      const file = { path: isPart ? target : whole, header, uri, newest, courseId, hasShortRows: object.shortRows > 0 };
      read.rows += await readObject(session, file);
      for (const name of header.columns) read.columns.add(name);
      read.courses.add(courseId);
      if (next === undefined && newest) read.ended.push(courseId);
      return next;
    });
  } catch (error) {
    if (!isFailure(error) || error.name !== "Malformed") throw error;
    read.failed.push({ index, reason: `${error.code}: ${error.message}` });
    await quarantine(home, object, error.code);
    return undefined;
  } finally {
    await rm(target, { force: true });
  }
}

/** The bytes stay where they landed. */
async function quarantine({ io, buckets }: SliceHome, object: BatchObject, code: string): Promise<void> {
  const { key, versionId, sizeBytes } = object;
  await recordQuarantine(io, {
    ...{ sourceKey: key, sha256: key.slice(key.lastIndexOf("/") + 1, key.lastIndexOf(".")), count: 1 },
    ...{ reasons: { [code]: 1 }, wholeFile: code, bucket: buckets.landing, key, versionId, sizeBytes },
    at: new Date().toISOString(),
  });
}

const Counts = z.array(z.object({ inserted: z.number(), refreshed: z.number(), absent: z.number() })).length(1);
const Number = z.array(z.object({ n: z.number() })).length(1);

async function stageRows(
  session: LakeSession,
  { io, buckets, table, folder }: SliceHome,
  { loadId, batch, slices }: OpenBatch,
  read: Read,
): Promise<{ readonly planKey?: string; readonly counts: LoadCounts }> {
  const place = { namespace: NAMESPACE, table: lakeTable(table) };
  const present = await ensureTable(session, {
    ...place,
    columns: [...strings([...read.columns]), ...COMMON],
    partitionBy: [],
  });
  const columns = [...strings(dataColumns(present.keys())), ...COMMON];
  const target = join(folder, "slice.parquet");
  const now = `TIMESTAMP '${new Date().toISOString().replace("T", " ").replace("Z", "")}'`;
  const courses = [...read.courses];
  const request = { table: tablePath(place), loadId, now, courses, ended: read.ended, target };
  try {
    await session.run(KEYS);
    await session.run(knownSql(request));
    const names = columns.map(({ name }) => name);
    const rows = await session.run(mergeSql({ ...request, columns: names, read: [...read.columns] }));
    const [found] = Counts.parse(await session.rows(countsSql(request)));
    const [again] = Number.parse(await session.rows(duplicatesSql(request)));
    const duplicates = again?.n ?? 0;
    const { inserted, refreshed, absent } = found ?? noCounts;
    const counts = {
      ...{ rowsRead: read.rows, inserted, refreshed, absent, duplicates, quarantined: read.failed.length },
    };
    if (rows === 0) return { counts };
    const id = `edxorg-${table}-${batch.slice(0, 16)}-${slices}`;
    const name = `${id}-${randomUUID()}`;
    const key = `staging/edxorg-tables/${name}.parquet`;
    const planKey = `commits/edxorg-tables/${name}.json`;
    await io.objects.put(buckets.lake, key, createReadStream(target));
    const within = { column: COURSE, values: courses };
    const plan: CommitPlan = {
      ...{ version: 1, id: name },
      tables: [
        {
          ...{ ...place, columns, partitionBy: [], replace: [], merge: { key: [...KEY], within } },
          // A slice of one course is in its order as it is; sorting it would hold all of it once more.
          ...{ files: [{ bucket: buckets.lake, key, rows }], sortBy: courses.length > 1 ? [COURSE] : [] },
        },
      ],
    };
    await io.objects.put(buckets.artifacts, planKey, JSON.stringify(plan), { contentType: "application/json" });
    return { planKey, counts };
  } finally {
    await rm(target, { force: true });
    await session.run("DROP TABLE IF EXISTS known; DROP TABLE IF EXISTS keys; DROP TABLE IF EXISTS incoming");
  }
}
