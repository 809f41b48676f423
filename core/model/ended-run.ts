import * as z from "zod";
import type { RunOutcome } from "./items/item-event.ts";
import type { ItemKey } from "./items/item-key.ts";
import { describeRunFailure, type RunFailure } from "./run-failure.ts";

const ENDS = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const;

/** The `detail` of EventBridge's "Step Functions Execution Status Change", of an execution that has ended. */
export const EndedExecution = z.looseObject({
  executionArn: z.string(),
  stateMachineArn: z.string(),
  name: z.string(),
  status: z.enum(ENDS),
  /** Epoch milliseconds. */
  startDate: z.number(),
  stopDate: z.number(),
  /** JSON; null where EventBridge left it out because the event would have been too long. */
  input: z.string().nullish(),
  /** JSON; null also where EventBridge left it out. */
  output: z.string().nullish(),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});
export type EndedExecution = z.infer<typeof EndedExecution>;

const Input = z.looseObject({
  job: z.string().optional(),
  item: z.object({ asset: z.string().min(1), partition: z.string() }).optional(),
  /** Of a tick: which schedule, and when it was due. */
  trigger: z.string().optional(),
  scheduledTime: z.string().optional(),
});

/** What a task or a machine gives back of which a part has failed. */
const PartlyFailed = z.union([
  z.looseObject({ ok: z.literal(false) }),
  z.looseObject({ failed: z.array(z.unknown()).min(1) }),
]);

/** A run of ours that has ended, as everybody who has to follow it up wants it. */
export interface EndedRun {
  readonly domain: string;
  readonly name: string;
  readonly executionArn: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly job: string;
  /** What the run was about; absent = it is followed as a run only. */
  readonly item?: ItemKey;
  /** The schedule whose tick it was. */
  readonly schedule?: string;
  /** Its output names parts of it that failed; absent = nobody has told its output. */
  readonly partly?: boolean;
  /** What would run the same once more: its input without what was true of that one start. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly outcome: RunOutcome;
  /** Of a failed one. */
  readonly failure?: RunFailure;
}

/** Whose presence in the input comes from the event or the request that started that run. */
const OF_ONE_START = new Set([
  "trigger",
  "eventId",
  "eventTime",
  "versionId",
  "etag",
  "sizeBytes",
  "item",
  "mode",
  "requestedBy",
]);

/** An input without what was true of one start only. */
export const withoutStart = (input: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(input).filter(([field]) => !OF_ONE_START.has(field)));

/** Undefined = an execution of a machine that is not ours. `prefix`: what all ARNs of our machines begin with. */
export function endedRun(execution: EndedExecution, prefix: string): EndedRun | undefined {
  const { executionArn, stateMachineArn, name, startDate, stopDate } = execution;
  if (!stateMachineArn.startsWith(prefix)) return undefined;
  const { item, job = "none", ...input } = Input.safeParse(parse(execution.input ?? "{}")).data ?? {};
  const failure = failureOf(execution);
  return {
    domain: stateMachineArn.slice(prefix.length).replaceAll("-", "_"),
    ...{ name, executionArn, startedAt: startDate, endedAt: stopDate, job },
    ...(item === undefined ? {} : { item }),
    ...(input.trigger === undefined || input.scheduledTime === undefined ? {} : { schedule: input.trigger }),
    ...(execution.output == null ? {} : { partly: isPartlyFailed(execution.output) }),
    input: withoutStart({ job, ...input }),
    outcome: outcomeOf(execution, failure),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** `output`: of a run that succeeded, JSON. */
export const isPartlyFailed = (output: string): boolean => PartlyFailed.safeParse(parse(output)).success;

/** Only people abort executions: nothing has failed, and nothing runs again by itself. */
function outcomeOf({ status }: EndedExecution, failure: RunFailure | undefined): RunOutcome {
  if (failure !== undefined) {
    return { status: "failed", class: failure.name, code: failure.code, message: failure.message };
  }
  return { status: status === "SUCCEEDED" ? "succeeded" : "cancelled" };
}

const Stated = z.looseObject({
  name: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().exactOptional(),
});

/** A machine fails with what RecordFailure made of the cause; one that a limit ended says nothing of its own. */
function failureOf({ status, error, cause }: EndedExecution): RunFailure | undefined {
  if (status === "TIMED_OUT") return describeRunFailure("States.Timeout", cause ?? "The run took longer than it may.");
  if (status !== "FAILED") return undefined;
  const stated = Stated.safeParse(parse(cause ?? ""));
  if (!stated.success) return describeRunFailure(error ?? "unknown", cause ?? "");
  const { name, code, message, hint } = stated.data;
  return { name, code, message, ...(hint === undefined ? {} : { hint }) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
