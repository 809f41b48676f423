import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { objectMissing } from "../../core/io/object-failures.ts";
import type { ObjectHead, ObjectRef } from "../../core/io/ports.ts";
import type { BackfillMode } from "../../core/model/backfills/mode.ts";
import { isFailure } from "../../core/model/failures.ts";
import type { TaskContext } from "../../core/task.ts";
import type { CourseHome } from "./course-home.ts";
import type { CourseOutcome } from "./course-outcome.ts";
import { processArchive } from "./process-archive.ts";
import { recordRefusedArchive } from "./quarantine.ts";

export interface WantedArchive {
  readonly home: CourseHome;
  readonly mode: BackfillMode;
  /** Absent = when the object was written. */
  readonly arrivedAt?: Date;
}

/**
 * One course archive of a bucket: verified, unpacked, its rows and files staged. A refused archive publishes nothing and
 * is put on record in quarantine. Mode `all` makes what is there again, `reload` stages the rows that were made: both
 * under a plan of their own, once for a run. Throws Rejected `object_missing`, Malformed for what is no course.
 */
export async function extractObject(
  ref: ObjectRef,
  { home, mode, arrivedAt }: WantedArchive,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<CourseOutcome> {
  const { objects } = context.io;
  // The event is a hint: only what the object itself says counts.
  const head = await objects.head(ref);
  if (head === undefined) throw objectMissing(ref);
  const { bucket, key, versionId, lastModified } = head;
  const folder = await mkdtemp(join(tmpdir(), "millrace-course-"));
  try {
    return await objects.withFile({ bucket, key, versionId }, async (file) => {
      try {
        const input = { file, head, home, folder, mode, arrivedAt: arrivedAt ?? lastModified };
        return await processArchive(input, context);
      } catch (error) {
        if (isFailure(error) && error.name === "Malformed") await recordRefused(head, file, error.code, context);
        throw error;
      }
    });
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`unpack ${key}`, error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function recordRefused(head: ObjectHead, file: string, reason: string, { io }: Pick<TaskContext, "io">) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  await recordRefusedArchive(io, { head, sha256: hash.digest("hex") }, reason);
}
