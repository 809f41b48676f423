import * as z from "zod";
import { isFailureName, type FailureName } from "./failures.ts";

const CAUSE_MAX_CHARS = 4_096;

const LambdaCause = z.object({ errorType: z.string(), errorMessage: z.string() });
const Record = z.looseObject({ class: z.string(), code: z.string(), message: z.string(), hint: z.string().optional() });

/** What a failed run shows to people: one of the closed set, its code, one sentence and what to do next. */
export interface RunFailure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Another run may get through once; after that it takes a release with another size, or a mended function. */
const ENDED =
  "The function was ended: out of memory or time, or it crashed. If it ends so again, see docs/runbooks/functions.md.";

/** Errors of the services that run us, as classes of ours (spec: alerts and failures, mapping). */
const SERVICE_ERRORS: Readonly<Record<string, { readonly name: FailureName; readonly hint: string }>> = {
  "States.Timeout": { name: "Transient", hint: "Run it again; if it always times out, raise the task's time-out." },
  "States.HeartbeatTimeout": { name: "Transient", hint: "The worker died. Run it again." },
  "Lambda.ServiceException": { name: "Transient", hint: "Run it again." },
  "Lambda.AWSLambdaException": { name: "Transient", hint: "Run it again." },
  "Lambda.SdkClientException": { name: "Transient", hint: "Run it again." },
  "Lambda.Unknown": { name: "Transient", hint: ENDED },
  "Sandbox.Timedout": { name: "Transient", hint: ENDED },
  "Runtime.OutOfMemory": { name: "Transient", hint: ENDED },
  "Runtime.ExitError": { name: "Transient", hint: ENDED },
  "Lambda.TooManyRequestsException": { name: "Throttled", hint: "Run it again later." },
  "AmazonECS.Unknown": { name: "Throttled", hint: "Fargate had no place. Run it again; check the vCPU quotas." },
  "ECS.AmazonECSException": { name: "Throttled", hint: "Fargate had no place. Run it again; check the vCPU quotas." },
  "ECS.ServerException": { name: "Transient", hint: "Run it again." },
  "ECS.ThrottlingException": { name: "Throttled", hint: "Run it again later." },
  "ECS.InvalidParameterException": { name: "Misconfigured", hint: "ECS refuses how the task is started." },
  "ECS.ClientException": { name: "Misconfigured", hint: "ECS refuses how the task is started." },
  "States.DataLimitExceeded": { name: "Misconfigured", hint: "Pass references between states, not payloads." },
  "States.Runtime": { name: "Misconfigured", hint: "The state machine is wrong: see the execution's history." },
  "States.QueryEvaluationError": { name: "Misconfigured", hint: "An expression of the state machine is wrong." },
  "States.Permissions": { name: "Misconfigured", hint: "The machine's role lacks a permission." },
};

/** Error and cause of a state, or of an execution that ended with what a state said, as one of the closed set. */
export function describeRunFailure(error: string, cause: string): RunFailure {
  const service = SERVICE_ERRORS[error];
  const lambda = LambdaCause.safeParse(parse(cause));
  const text = lambda.success ? lambda.data.errorMessage : cause;
  const record = Record.safeParse(parse(text));
  if (record.success) {
    const { code, message, hint } = record.data;
    return { name: record.data.class, code, message, ...(hint === undefined ? {} : { hint }) };
  }
  const message = text === "" ? `${error} without a cause.` : text.slice(0, CAUSE_MAX_CHARS);
  if (service !== undefined) return { name: service.name, code: error, message, hint: service.hint };
  if (isFailureName(error)) return { name: error, code: "unspecified", message };
  return {
    name: error,
    code: "unclassified",
    message,
    hint: "This is a bug in Millrace: report it with the run's id.",
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
