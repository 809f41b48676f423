import type { ObjectHead } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { excerpt } from "../../core/model/redact.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { exportRecord, recordEnded, type ExportRecord } from "./course-export/export-record.ts";
import { ExportUnderWay, type Exported } from "./course-export/under-way.ts";

/** Below the task's own 120 s. */
const DEADLINE_MS = 100_000;
/** Objects may be copied into the landing bucket: minutes, not seconds. */
const MISSING_MAX_MS = 5 * 60_000;
const DETAILS_SHOWN_BYTES = 1_024;

export const handler = task({ name: "PollExport", input: ExportUnderWay, run: pollExport });

/**
 * One look at an export: at its archive first, whose landing ends it whatever Studio says, then at Studio's state.
 * Throws Rejected `export_failed`, `export_canceled` with Studio's details, `export_not_there`; Conflict
 * `export_replaced` when a younger run has started another one.
 */
export async function pollExport(
  before: ExportUnderWay,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<ExportUnderWay | Exported> {
  const { deployment, courseId, taskId, key } = before;
  const what = `export ${courseId}`;
  const record = await exportRecord(io.ledger, deployment, courseId);
  if (record === undefined || record.run !== run.id) throw replaced(what);
  const landed = async (): Promise<ObjectHead | undefined> => {
    const head = await io.objects.head({ bucket: settings.buckets.landing, key });
    return head === undefined || head.versionId === record.before ? undefined : head;
  };
  const end = async (head: ObjectHead, state: string): Promise<Exported> => {
    await recordEnded(io.ledger, deployment, courseId, record, head);
    return exported(before, record, head, state);
  };

  const early = await landed();
  if (early !== undefined) return end(early, before.state);
  const deadline = Date.now() + DEADLINE_MS;
  const client = await openOpenEdx({ secrets: io.secrets, deployment, deadline });
  const { state, details = "" } = await client.exportTask(courseId, taskId);
  if (state === "Failed" || state === "Canceled") {
    const reason = details === "" ? "It gives no reason." : excerpt(Buffer.from(details), DETAILS_SHOWN_BYTES, []);
    throw new Failure("Rejected", `Studio's export of ${courseId} is ${state.toLowerCase()}: ${reason}`, {
      code: `export_${state.toLowerCase()}`,
      what,
      hint: "Studio's own text says why. Correct the course or ask Studio's operators, then run it again.",
      details: { taskId },
    });
  }
  if (state !== "Succeeded") return { ...before, state };
  const head = await landed();
  if (head !== undefined) return end(head, state);
  const missingSince = before.missingSince ?? new Date().toISOString();
  if (Date.now() - Date.parse(missingSince) < MISSING_MAX_MS) return { ...before, state, missingSince };
  throw new Failure("Rejected", `Studio says that ${courseId} is exported, and there is no new archive at ${key}.`, {
    code: "export_not_there",
    what,
    hint: "Check that Studio may write to its bucket and that what it writes gets into the landing bucket.",
    details: { taskId, key },
  });
}

const exported = (
  { deployment, courseId, taskId, key }: ExportUnderWay,
  { publishedVersion }: ExportRecord,
  { etag, versionId, sizeBytes }: ObjectHead,
  state: string,
): Exported => ({
  ...{ outcome: "exported", deployment, courseId, taskId, key, state, etag, versionId, sizeBytes },
  ...(publishedVersion === undefined ? {} : { publishedVersion }),
});

const replaced = (what: string): Failure =>
  new Failure("Conflict", `Could not ${what}: another run has started an export of the course since.`, {
    code: "export_replaced",
    what,
    hint: "Nothing is lost: the younger run goes on.",
  });
