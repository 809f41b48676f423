import type { Readable } from "node:stream";
import { describeFailure } from "../../core/model/failures.ts";
import { TaskError } from "./errors.ts";
import { isJsonObject, type Json, toJson } from "./json.ts";
import type { Execution } from "./frame.ts";
import type { Resource } from "./resource.ts";

/** The engine's way to the outside, supplied by whoever hosts it. Each throws a TaskError to fail the attempt by name. */
export interface Effects {
  /** Resolves with what the function returned. The function's ARN or name is given as the definition has it. */
  invokeLambda(call: {
    readonly functionArn: string;
    readonly payload: unknown;
    readonly timeoutSeconds?: number;
    readonly signal: AbortSignal;
    readonly taskToken?: string;
    readonly attemptId: string;
  }): Promise<unknown>;
  /**
   * `parameters` are the Arguments of `ecs:runTask`. With a task token the promise may resolve as soon as the worker
   * runs; its result then comes through the token. Without one it resolves when the worker has ended well.
   */
  runContainer(call: {
    readonly parameters: unknown;
    readonly taskToken?: string;
    readonly signal: AbortSignal;
    /** Names the attempt for good; a restart that finds it not yet started asks for it under the same name. */
    readonly attemptId: string;
  }): Promise<unknown>;
  /** Gets the Entries and resolves with `{Entries, FailedEntryCount}`. May be called again with the same entries. */
  putEvents?(entries: unknown): Promise<unknown>;
  readObject?(ref: { readonly bucket: string; readonly key: string }): Promise<Readable>;
  listObjects?(ref: { readonly bucket: string; readonly prefix: string }): AsyncIterable<ListedObject>;
  writeObject?(ref: { readonly bucket: string; readonly key: string }, body: string): Promise<void>;
}

export const attemptId = (
  execution: { readonly id: number },
  at: { readonly frame: number; readonly attempt: number },
): string => `${execution.id}/${at.frame}/${at.attempt}`;

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface TaskCall {
  readonly execution: Execution;
  readonly frame: number;
  readonly attempt: number;
  readonly state: string;
  readonly resource: Resource;
  readonly arguments: Json;
  readonly token: string | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  /** The name that a nested execution gets when the arguments give none. */
  readonly childName: string | undefined;
  readonly signal: AbortSignal;
}

/** `submitted`: under way, the result comes by token. `silent`: nothing will ever come; only a time-out ends it. */
export type TaskOutcome =
  | { readonly kind: "result"; readonly value: Json }
  | { readonly kind: "submitted"; readonly value: Json }
  | { readonly kind: "failed"; readonly error: string; readonly cause: string | undefined }
  | { readonly kind: "silent" };

export type TaskRunner = (call: TaskCall) => Promise<TaskOutcome>;

/** Runs the supported service integrations on the host's effects. */
export const serviceTasks =
  (effects: Effects): TaskRunner =>
  async (call) => {
    try {
      const value = toJson(await callService(effects, call)) ?? null;
      return { kind: call.token === undefined ? "result" : "submitted", value };
    } catch (error) {
      return { kind: "failed", ...asTaskError(error) };
    }
  };

/** Any thrown value as an error name and a cause. A foreign error keeps its own name. */
export function asTaskError(error: unknown): { error: string; cause: string | undefined } {
  if (error instanceof TaskError) return { error: error.error, cause: error.causeText };
  const record = describeFailure(error);
  return { error: record.class, cause: JSON.stringify(record) };
}

async function callService(effects: Effects, call: TaskCall): Promise<unknown> {
  const { resource, arguments: args, token, signal, timeoutSeconds } = call;
  const shared = {
    signal,
    attemptId: attemptId(call.execution, call),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(token === undefined ? {} : { taskToken: token }),
  };
  if (resource.kind === "lambda-arn")
    return effects.invokeLambda({ functionArn: resource.arn, payload: args, ...shared });
  const fields = isJsonObject(args) ? args : {};
  switch (resource.service) {
    case "lambda": {
      const payload = fields["Payload"] ?? {};
      const result = await effects.invokeLambda({ functionArn: String(fields["FunctionName"]), payload, ...shared });
      return { ExecutedVersion: "$LATEST", Payload: result ?? null, StatusCode: 200 };
    }
    case "ecs":
      return effects.runContainer({ parameters: args, ...shared });
    case "events": {
      if (effects.putEvents === undefined) throw new TaskError("States.Runtime", "No event bus is connected.");
      const result = toJson(await effects.putEvents(fields["Entries"] ?? []));
      const failed = isJsonObject(result) ? result["FailedEntryCount"] : 0;
      if (typeof failed === "number" && failed > 0)
        throw new TaskError("EventBridge.FailedEntry", JSON.stringify(result));
      return result;
    }
    default:
      throw new TaskError("States.Runtime", `The integration ${resource.arn} does not run here.`);
  }
}
