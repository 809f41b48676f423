import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { objectMissing } from "../../core/io/object-failures.ts";
import type { ObjectHead } from "../../core/io/ports.ts";
import { takenMode } from "../../core/model/backfills/mode.ts";
import { isFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { landedExport } from "./course-archive/landing-keys.ts";
import type { CourseOutcome } from "./course-archive/course-outcome.ts";
import { processArchive } from "./course-archive/process-archive.ts";
import { recordRefusedArchive } from "./course-archive/quarantine.ts";
import { jobModes } from "./sources/modes.ts";

const Input = z.looseObject({
  bucket: z.string().min(1),
  key: z.string().min(1),
  /** Empty when the event named no version: an input transformer writes nothing for what it does not find. */
  versionId: z.string().optional(),
  mode: z.string().optional(),
});

export const handler = task({ name: "ExtractCourse", input: Input, run: extractLanded });

type Ignored = { readonly outcome: "ignored"; readonly reason: string };

/**
 * One landed course export: verified, unpacked, its rows and files staged. A refused archive publishes nothing and
 * is put on record in quarantine. Mode `all` makes what is there again, `reload` stages the rows that were made: both
 * under a plan of their own, once for a run. `redeliver` never comes here.
 */
export async function extractLanded(
  input: z.infer<typeof Input>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<CourseOutcome | Ignored> {
  const { bucket, key, versionId } = input;
  const mode = takenMode(input.mode, jobModes.course_archive, "course_archive");
  const landed = landedExport(key);
  if (landed === undefined) return { outcome: "ignored", reason: `${key} is not named like a course export` };
  const ref = { bucket, key, ...(versionId === undefined || versionId === "" ? {} : { versionId }) };
  // The event is a hint: only what the object itself says counts.
  const head = await context.io.objects.head(ref);
  if (head === undefined) throw objectMissing(ref);
  const folder = await mkdtemp(join(tmpdir(), "millrace-course-"));
  try {
    return await context.io.objects.withFile({ bucket, key, versionId: head.versionId }, async (file) => {
      try {
        return await processArchive({ file, head, landed, folder, mode }, context);
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
