import * as z from "zod";
import type { Secrets } from "../../core/io/ports.ts";
import { isFailure } from "../../core/model/failures.ts";
import { segment, withQuery } from "./addresses.ts";
import { askJson, type JsonAnswer } from "./ask-json.ts";
import {
  exportReply,
  ExportReply,
  saysWhatStarted,
  TaskReply,
  taskState,
  type StartedExport,
  type TaskState,
} from "./export-replies.ts";
import { queryPages } from "./query-pages.ts";
import { sessionOf, type Authorised } from "./session.ts";
import { givesOwnTokens, openEdxTarget } from "./target.ts";
import { openTransport, systemClock, type Clock } from "./transport.ts";

/**
 * LMS and Studio of one deployment. Calls throw by the table of failures: Transient and Throttled may pass, Rejected
 * (any other status), Malformed (what is no promised JSON twice) and Misconfigured (secret, address, credentials) do not.
 */
export interface OpenEdx {
  /** Ids of course runs, page by page: whoever has read to the end has a complete list. */
  courses(): AsyncIterable<readonly string[]>;
  status(id: string): Promise<"there" | "gone">;
  /** `published_version`; undefined = 404. Throws the signal's reason when it aborts. */
  outline(id: string, signal?: AbortSignal): Promise<string | undefined>;
  /** A JSON object as it was received: its numbers' spelling and its keys' order are part of it. */
  structure(id: string): Promise<string>;
  startExport(id: string): Promise<StartedExport>;
  exportTask(id: string, taskId: string): Promise<TaskState>;
}

export interface OpenEdxOptions {
  readonly secrets: Secrets;
  readonly deployment: string;
  /** Epoch milliseconds. */
  readonly now?: Clock["now"];
  readonly sleep?: Clock["sleep"];
  /** Epoch milliseconds: no call and no wait goes on after it. */
  readonly deadline?: number;
  /** Calls of this client, at most; default as many as are made. */
  readonly perSecond?: number;
}

const CoursePage = z.looseObject({
  // What is no text is no key: it is skipped and counted as such, and hides no other course.
  results: z.array(z.looseObject({ id: z.unknown().optional() })),
  pagination: z.looseObject({ next: z.string().nullish() }),
});
const Outline = z.looseObject({ published_version: z.string().min(1) });
const STRUCTURE_MAX_BYTES = 128 * 1_024 * 1_024;

/** Throws Misconfigured when the secret `openedx/<deployment>` is missing or wrong; nothing is asked yet. */
export async function openOpenEdx({
  secrets,
  deployment,
  now = systemClock.now,
  sleep = systemClock.sleep,
  deadline = Infinity,
  perSecond,
}: OpenEdxOptions): Promise<OpenEdx> {
  const target = await openEdxTarget(secrets, deployment);
  const session = sessionOf(target);
  const transport = openTransport({ now, sleep }, deadline, perSecond);
  const { lms, studio } = target;

  /** What the LMS wants to know of who asks: nothing, unless it gives the tokens itself. */
  const fixedQuery = async (): Promise<Record<string, string>> =>
    givesOwnTokens(target) ? { username: await session.username(transport), page_size: "100" } : {};
  const ask = (question: Authorised) => session.ask(question, transport);
  const json = <T>(schema: z.ZodType<T>, question: Authorised): Promise<JsonAnswer<T>> =>
    askJson(schema, { ...question, secrets: session.secrets }, () => ask(question));
  const lmsUrl = async (path: string): Promise<string> => withQuery(lms + path, await fixedQuery());

  return {
    courses: async function* () {
      const what = `list the courses of ${deployment}`;
      const read = async (query: URLSearchParams) => {
        const url = withQuery(`${lms}/api/courses/v1/courses/`, query);
        const { results, pagination } = (await json(CoursePage, { what, method: "GET", url })).value;
        return { rows: results.map(({ id }) => (typeof id === "string" ? id : "")), next: pagination.next };
      };
      yield* queryPages({ read, fixed: await fixedQuery(), what: "list the courses" });
    },
    status: async (id) => {
      const url = await lmsUrl(`/api/courses/v1/courses/${segment(id)}/`);
      const found = await unlessGone(ask({ what: `ask whether ${id} is there`, method: "GET", url }));
      return found === undefined ? "gone" : "there";
    },
    outline: async (id, signal) => {
      const url = await lmsUrl(`/api/learning_sequences/v1/course_outline/${segment(id)}`);
      const aborted = signal === undefined ? {} : { signal };
      const found = await unlessGone(
        json(Outline, { what: `read the outline of ${id}`, method: "GET", url, ...aborted }),
      );
      return found?.value.published_version;
    },
    structure: async (id) => {
      const url = await lmsUrl(`/api/course-structure/v0/${segment(id)}/`);
      const question: Authorised = { what: `read the structure of ${id}`, method: "GET", url };
      const schema = z.record(z.string(), z.unknown());
      return (await json(schema, { ...question, maxBytes: STRUCTURE_MAX_BYTES })).text;
    },
    startExport: async (id) => {
      const question: Authorised = {
        what: `start the export of ${id}`,
        method: "POST",
        url: `${studio}/api/courses/v0/export/`,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ courses: [id] }),
        acceptsBadRequest: ({ bytes }) => saysWhatStarted(bytes),
      };
      return exportReply(id, (await json(ExportReply, question)).value);
    },
    exportTask: async (id, taskId) => {
      const url = withQuery(`${studio}/api/courses/v0/export/${segment(id)}/`, { task_id: taskId });
      const { value } = await json(TaskReply, { what: `ask after the export of ${id}`, method: "GET", url });
      return taskState(value);
    },
  };
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isFailure(error) && error.code === "openedx_not_there") return undefined;
    throw error;
  }
}
