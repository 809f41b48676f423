import type * as z from "zod";
import { excerpt } from "../../core/model/redact.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { openOpenEdx, type OpenEdx } from "../open-edx-api/client.ts";
import { courseOf, CourseItem } from "./course-item.ts";
import { exportRecord, recordStarted, type ExportRecord } from "./course-export/export-record.ts";
import type { ExportUnderWay } from "./course-export/under-way.ts";
import { uploadedKey } from "./course-export/upload-url.ts";
import { courseExportAsset } from "./sources/course-assets.ts";

/** Below the task's own 300 s: what waits for a server that throttles ends as our own failure. */
const DEADLINE_MS = 270_000;
const REPLY_SHOWN_BYTES = 1_024;

export const handler = task({ name: "StartExport", input: CourseItem, run: startExport });

interface Gone {
  readonly outcome: "gone";
  readonly courseId: string;
}

/**
 * Has Studio begin to export a course run, once for a run. What is published is read before, so that a publication in
 * between is seen by the next sweep. Throws Rejected `export_refused`, `export_not_started`.
 */
export async function startExport(
  { item }: z.infer<typeof CourseItem>,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<ExportUnderWay | Gone> {
  const { deployment, courseId } = courseOf(item, courseExportAsset);
  const known = await exportRecord(io.ledger, deployment.id, courseId);
  // An attempt before this one has started it and died before it could say so.
  if (known !== undefined && known.run === run.id) return underWay(deployment.id, courseId, known);
  const deadline = Date.now() + DEADLINE_MS;
  const client = await openOpenEdx({ secrets: io.secrets, deployment: deployment.id, deadline });
  if ((await client.status(courseId)) === "gone") return { outcome: "gone", courseId };
  const publishedVersion = await client.outline(courseId);
  const versionAt = async (key: string): Promise<string | null> =>
    (await io.objects.head({ bucket: settings.buckets.landing, key }))?.versionId ?? null;
  const expected = `${deployment.coursePrefix}${courseId}.tar.gz`;
  const versionBefore = await versionAt(expected);
  const startedAt = new Date().toISOString();
  const started = await acceptedExport(client, courseId);
  const key = deployment.coursePrefix + uploadedKey(started.uploadUrl, `course-exports-${deployment.id}`);
  const record: ExportRecord = {
    ...{ run: run.id, taskId: started.taskId, key },
    ...(publishedVersion === undefined ? {} : { publishedVersion }),
    // Another place than Studio's usual one is known only now; the export takes longer than its request.
    before: key === expected ? versionBefore : await versionAt(key),
    startedAt,
  };
  await recordStarted(io.ledger, deployment.id, courseId, record);
  return underWay(deployment.id, courseId, record);
}

const underWay = (deployment: string, courseId: string, { taskId, key }: ExportRecord): ExportUnderWay => ({
  ...{ outcome: "exporting", deployment, courseId, taskId, key, state: "not asked yet" },
});

async function acceptedExport(
  client: OpenEdx,
  courseId: string,
): Promise<{ readonly taskId: string; readonly uploadUrl: string }> {
  const what = `start the export of ${courseId}`;
  const { refused, taskId, uploadUrl, reply } = await client.startExport(courseId);
  if (refused !== undefined) {
    const reason = excerpt(Buffer.from(refused), REPLY_SHOWN_BYTES, []);
    throw new Failure("Rejected", `Studio refuses to export ${courseId}: ${reason}`, {
      code: "export_refused",
      what,
      hint: "Studio's own text says why. Correct the course or ask Studio's operators, then run it again.",
    });
  }
  const said = excerpt(Buffer.from(JSON.stringify(reply)), REPLY_SHOWN_BYTES, []);
  if (taskId === undefined) {
    throw new Failure(
      "Rejected",
      `Studio has not started to export ${courseId} and gives no reason. It said: ${said}`,
      {
        code: "export_not_started",
        what,
        hint: "Ask Studio's operators what became of the request, then run it again.",
      },
    );
  }
  if (uploadUrl === undefined) {
    throw new Failure("Malformed", `Studio exports ${courseId} and does not say where to. It said: ${said}`, {
      code: "export_url_missing",
      what,
    });
  }
  return { taskId, uploadUrl };
}
