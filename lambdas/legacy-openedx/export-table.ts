import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { withLease } from "../../core/io/lease.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { deploymentOf, DropReference } from "./drop/drop-inputs.ts";
import { currentDrop, dropCourses, stagedKey } from "./drop/drop-record.ts";
import { exportFile } from "./drop/export-file.ts";
import { fileRecord, type DoneFile } from "./drop/file-record.ts";
import { dumpForum } from "./forum/dump-forum.ts";
import type { ForumDump } from "./forum/forum-record.ts";
import { readCredentials } from "./mysql/credentials.ts";
import { mysqlSource } from "./mysql/mysql-source.ts";
import { warehouseSource } from "./warehouse/warehouse-source.ts";
import { dropFiles } from "./queries.ts";
import { FORUM } from "./sources/deployments.ts";

const Input = DropReference.extend({ file: z.string().min(1) });

/** Of the task's memory: two parts of 64 MB are in it, too, and DuckDB's limit is not a ceiling. */
const DUCKDB_SHARE = 1 / 4;
/** Statements at once against one replica; the lane of state-machines/legacy_openedx/pipeline.ts. */
const SLOTS = 2;
/** A dead worker's file and slot are free after this. */
const LEASE_TTL_SECONDS = 60;
const LEASE_WAIT_SECONDS = 300;

export const handler = task({ name: "ExportTable", input: Input, run: exportTable });

/** One file of a drop, or the dump of its forum, from the database to where it waits for the others; at once when it is there already. */
export async function exportTable(
  { file: name, ...reference }: z.infer<typeof Input>,
  { io, settings, run, log }: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<DoneFile | ForumDump> {
  const { deployment, date, dropId } = reference;
  const known = deploymentOf(deployment);
  const file = dropFiles.find((one) => one.name === name);
  if (file === undefined && name !== FORUM) throw unknownFile(name);
  const { drop } = await currentDrop(io.ledger, reference);
  const { artifacts: bucket, quarantine } = settings.buckets;
  const courses = await dropCourses(io.objects, bucket, drop);
  const lease = {
    holder: `${run.id}/${run.state}/${run.attempt}`,
    ttlSeconds: LEASE_TTL_SECONDS,
    waitSeconds: LEASE_WAIT_SECONDS,
  };
  const done = await withLease<DoneFile | ForumDump>(
    io.ledger,
    `legacy-drop/${deployment}/${date}/${name}`,
    lease,
    (own) =>
      withLease<DoneFile | ForumDump>(io.ledger, `lane/mysql-${deployment}`, { ...lease, slots: SLOTS }, () =>
        file === undefined
          ? dumpForum({ io, deployment: known, drop: reference, bucket, check: () => own.check() })
          : exportFile({
              io,
              record: fileRecord(io.ledger, { deployment, date }, dropId, name),
              source: known.iceberg.includes(name)
                ? warehouseSource(deployment, io.lake, {
                    ...{ memoryMb: Math.floor(settings.memoryMb * DUCKDB_SHARE), threads: 1 },
                    tempDir: join(tmpdir(), `millrace-irx-${process.pid}`),
                    extensionsDir: settings.duckdbExtensions,
                  })
                : mysqlSource((fresh) => readCredentials(io.secrets, deployment, fresh)),
              ...{ file, courses, coursesSha256: drop.coursesSha256 },
              staged: { bucket, key: stagedKey({ deployment, date }, dropId, name) },
              quarantine: {
                bucket: quarantine,
                prefix: `quarantine/legacy_openedx/${deployment}/${date}/${dropId}/${name}/`,
              },
              check: () => own.check(),
            }),
      ),
  );
  log.info("A file of the research drop is ready.", {
    deployment,
    date,
    file: name,
    ...("rows" in done ? { rows: done.rows, bytes: done.bytes } : { digest: done.digest, files: done.files.length }),
  });
  return done;
}

const unknownFile = (name: string): Failure =>
  new Failure(
    "Misconfigured",
    `"${name}" is no file of the drop: ${[...dropFiles.map((file) => file.name), FORUM].join(", ")}.`,
    {
      code: "unknown_file",
      what: "export a file of a research drop",
    },
  );
