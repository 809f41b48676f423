import * as z from "zod";
import type { Io } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { partitionProblem } from "../../core/model/items/partition-key.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { cellsOf } from "./csv/cells.ts";
import { CsvBuffer } from "./csv/dialect.ts";
import { dayOf, deploymentOf } from "./drop/drop-inputs.ts";
import { readDrop, sha256Of, stagedKey, writeDrop, type DropRecord } from "./drop/drop-record.ts";
import { fileRecord } from "./drop/file-record.ts";
import { FORUM } from "./sources/deployments.ts";
import { COURSE_IDS, courseList, dropFiles } from "./queries.ts";

/** Below the task's own time. */
const LISTING_MS = 200_000;

const Input = z.looseObject({
  deployment: z.string().min(1),
  /** Of the tick; absent in a run by hand. */
  scheduledTime: z.string().optional(),
  /** Another day than the tick's, to make its drop again. */
  date: z.string().optional(),
  /** Absent = what the LMS lists. */
  courses: z.array(z.string()).optional(),
});

/** What every other step of the drop is about. */
export interface PlannedDrop {
  readonly deployment: string;
  readonly date: string;
  readonly dropId: string;
  readonly files: readonly string[];
}

export const handler = task({ name: "PlanDrop", input: Input, run: planDrop });

/**
 * Settles what the drop is about: its day and its course list, which all files share. A drop of the same day and list
 * that was begun and not ended goes on where it was. Throws Malformed `course_list_empty`.
 */
export async function planDrop(
  input: z.infer<typeof Input>,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<PlannedDrop> {
  const deployment = deploymentOf(input.deployment);
  const date = dayOf(input.date ?? input.scheduledTime ?? run.startedAt);
  const courses = courseList(input.courses ?? (await listedCourses(io, deployment.id)));
  refuseCourses(deployment.id, courses);
  const text = JSON.stringify(courses);
  const coursesSha256 = sha256Of(text);

  const key = { deployment: deployment.id, date };
  const found = await readDrop(io.ledger, key);
  const goesOn = found?.drop.state === "open" && found.drop.coursesSha256 === coursesSha256;
  const dropId = goesOn ? found.drop.dropId : run.id;
  const coursesKey = stagedKey(key, dropId, "courses.json");
  const drop: DropRecord = {
    ...{ dropId, coursesKey, coursesSha256, state: "open", courses: courses.length },
    startedAt: goesOn ? found.drop.startedAt : run.startedAt,
  };
  await io.objects.put(settings.buckets.artifacts, coursesKey, text, { contentType: "application/json" });
  await stageCourseIds(io, settings.buckets.artifacts, { ...key, dropId, courses });
  await writeDrop(io.ledger, key, drop, found?.rev);
  return { ...key, dropId, files: [...dropFiles.map(({ name }) => name), FORUM] };
}

/** In the LMS's own order, which is that of the files. */
async function listedCourses({ secrets }: Pick<Io, "secrets">, deployment: string): Promise<readonly string[]> {
  const openEdx = await openOpenEdx({ secrets, deployment, deadline: Date.now() + LISTING_MS });
  const found: string[] = [];
  for await (const page of openEdx.courses()) found.push(...page);
  return found;
}

async function stageCourseIds(
  { objects, ledger }: Pick<Io, "objects" | "ledger">,
  bucket: string,
  drop: { deployment: string; date: string; dropId: string; courses: readonly string[] },
): Promise<void> {
  const { name, columns } = COURSE_IDS;
  const key = stagedKey(drop, drop.dropId, name);
  const buffer = new CsvBuffer(drop.courses.length * 64, () => undefined);
  buffer.header(columns);
  for (const course of drop.courses) buffer.row(["text"], cellsOf([course]));
  const text = Buffer.from(buffer.bytes).toString();
  await objects.put(bucket, key, text, { contentType: "text/csv" });
  await fileRecord(ledger, drop, drop.dropId, name).finish({
    ...{ name, key, rows: buffer.rows, bytes: Buffer.byteLength(text), sha256: sha256Of(text) },
    ...{ querySha256: sha256Of(name), snapshotTime: new Date().toISOString(), damaged: 0 },
  });
}

function refuseCourses(deployment: string, courses: readonly string[]): void {
  const what = `list the courses of ${deployment}`;
  if (courses.length === 0) {
    throw new Failure("Malformed", `There is no course of ${deployment}: its research drop would be empty.`, {
      code: "course_list_empty",
      what,
      hint: 'Look whether the user of its API may see the courses, or start the job with "courses".',
    });
  }
  const wrong = courses.filter((id) => partitionProblem(id) !== undefined);
  if (wrong.length === 0) return;
  throw new Failure("Malformed", `${wrong.length} of ${courses.length} ids are no course ids.`, {
    code: "course_id_invalid",
    what,
    details: { sample: wrong.slice(0, 5) },
  });
}
