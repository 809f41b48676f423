import * as z from "zod";

/** Studio's answer to an export, whatever of it is there. */
export const ExportReply = z.looseObject({
  upload_task_ids: z.record(z.string(), z.unknown()).optional(),
  upload_urls: z.record(z.string(), z.unknown()).optional(),
  failed_uploads: z.union([z.record(z.string(), z.unknown()), z.array(z.string())]).optional(),
});
type ExportReply = z.infer<typeof ExportReply>;

/** Studio starts some exports, refuses others, and calls all of it a bad request. */
export function saysWhatStarted(bytes: Buffer): boolean {
  try {
    return ExportReply.required({ upload_task_ids: true }).safeParse(JSON.parse(bytes.toString("utf8"))).success;
  } catch {
    return false;
  }
}

export interface StartedExport {
  /** Absent = nothing was started. */
  readonly taskId?: string;
  /** Where the archive will be. */
  readonly uploadUrl?: string;
  /** Studio's text when it refuses this course. */
  readonly refused?: string;
  /** All that it said, for whoever has to report it. */
  readonly reply: unknown;
}

export function exportReply(id: string, reply: ExportReply): StartedExport {
  const { upload_task_ids: tasks = {}, upload_urls: urls = {}, failed_uploads: failed = {} } = reply;
  const refused = Array.isArray(failed) ? (failed.includes(id) ? "" : undefined) : textOf(failed[id]);
  const [taskId, uploadUrl] = [textOf(tasks[id]), textOf(urls[id])];
  return {
    ...(taskId === undefined || taskId === "" ? {} : { taskId }),
    ...(uploadUrl === undefined || uploadUrl === "" ? {} : { uploadUrl }),
    ...(refused === undefined ? {} : { refused: refused === "" ? "Studio gave no reason." : refused }),
    reply,
  };
}

export const TaskReply = z.looseObject({ state: z.unknown().optional(), details: z.unknown().optional() });

export interface TaskState {
  /** As Studio writes it: `Succeeded`, `In Progress`; empty = it named none. */
  readonly state: string;
  /** At most 2,000 characters. */
  readonly details?: string;
}

const DETAILS_MAX_CHARS = 2_000;

export function taskState({ state, details }: z.infer<typeof TaskReply>): TaskState {
  const text = textOf(details);
  return { state: textOf(state) ?? "", ...(text === undefined ? {} : { details: text.slice(0, DETAILS_MAX_CHARS) }) };
}

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : typeof value === "string" ? value : JSON.stringify(value);
