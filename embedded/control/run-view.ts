import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import type { ExecutionView } from "./executions.ts";

/** A run as people and the command line see it. */
export interface RunView {
  readonly id: string;
  readonly domain: string;
  readonly job: string | null;
  readonly status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  readonly trigger: string;
  readonly partition: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: {
    readonly name: string;
    readonly code: string;
    readonly message: string;
    /** What to do next, if the failure knows it. */
    readonly hint?: string;
  } | null;
}

const STATUS = {
  RUNNING: "running",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "failed",
  ABORTED: "cancelled",
} as const;

const Input = z.looseObject({
  job: z.string().optional(),
  trigger: z.string().optional(),
  partition: z.string().optional(),
  item: z.looseObject({ partition: z.string() }).optional(),
});
const Header = z.looseObject({
  domain: z.string(),
  job: z.string(),
  trigger: z.string(),
  partition: z.string().optional(),
});
/** What a failed machine states as its cause: a failure record, or Lambda's error object around one. */
const Cause = z.looseObject({
  code: z.string().optional(),
  message: z.string().optional(),
  errorMessage: z.string().optional(),
  hint: z.string().optional(),
});

/** The execution, with what its tasks wrote about it into the ledger. */
export async function viewRun(
  ledger: Ledger,
  execution: ExecutionView,
  machineDomain: (arn: string) => string,
): Promise<RunView> {
  const item = await ledger.get("run", execution.name);
  const header = Header.safeParse(item?.data);
  const input = Input.safeParse(execution.input);
  const given = input.success ? input.data : {};
  return {
    id: execution.name,
    domain: header.success ? header.data.domain : machineDomain(execution.machineArn),
    job: header.success ? header.data.job : (given.job ?? null),
    status: STATUS[execution.status],
    trigger: header.success ? header.data.trigger : (given.trigger ?? "manual"),
    partition: (header.success ? header.data.partition : undefined) ?? given.partition ?? given.item?.partition ?? null,
    startedAt: execution.startedAt,
    endedAt: execution.endedAt ?? null,
    error: execution.status === "FAILED" || execution.status === "TIMED_OUT" ? errorOf(execution) : null,
  };
}

function errorOf({ error, cause, status }: ExecutionView): RunView["error"] {
  const name = error ?? (status === "TIMED_OUT" ? "States.Timeout" : "States.Runtime");
  const parsed = Cause.safeParse(parse(cause));
  if (!parsed.success) return { name, code: name, message: cause ?? "No cause was given." };
  const inner = Cause.safeParse(parse(parsed.data.errorMessage));
  const record = inner.success ? inner.data : parsed.data;
  const message = record.message ?? parsed.data.errorMessage ?? cause ?? "";
  return { name, code: record.code ?? name, message, ...(record.hint === undefined ? {} : { hint: record.hint }) };
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const StepData = z.looseObject({ status: z.string(), startedAt: z.string(), endedAt: z.string().optional() });

export interface StepView {
  readonly state: string;
  readonly attempt: number;
  readonly data: z.infer<typeof StepData>;
}

/** Attempts of the run's steps, in order of their start. */
export async function stepsOf(ledger: Ledger, runId: string): Promise<StepView[]> {
  const steps: StepView[] = [];
  for (let after: string | undefined; ;) {
    const page = await ledger.query(`run#${runId}`, after === undefined ? {} : { after });
    for (const { sk, data } of page.items) {
      const parsed = StepData.safeParse(data);
      const [state = "", attempt = "0"] = sk.split("#");
      if (parsed.success) steps.push({ state, attempt: Number(attempt), data: parsed.data });
    }
    if (page.next === undefined) return steps.sort((a, b) => a.data.startedAt.localeCompare(b.data.startedAt));
    after = page.next;
  }
}
