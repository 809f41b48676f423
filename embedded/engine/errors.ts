/**
 * Errors of the engine's own interface carry the names that the Step Functions API uses
 * (`ExecutionAlreadyExists`, `TaskDoesNotExist`, ...), so that a server can answer with them unchanged.
 */
export type EngineErrorName =
  | "ExecutionAlreadyExists"
  | "ExecutionDoesNotExist"
  | "ExecutionNotRedrivable"
  | "InvalidDefinition"
  | "InvalidExecutionInput"
  | "InvalidName"
  | "InvalidOutput"
  | "InvalidToken"
  | "StateMachineDoesNotExist"
  | "TaskDoesNotExist"
  | "TaskTimedOut"
  | "JournalUnavailable"
  | "EngineClosed";

export class EngineError extends Error {
  override readonly name: EngineErrorName;
  constructor(name: EngineErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

/** How a task fails: the error name that Retry and Catch see, and the cause text. */
export class TaskError extends Error {
  readonly error: string;
  readonly causeText: string | undefined;
  constructor(error: string, cause?: string) {
    super(cause === undefined ? error : `${error}: ${cause}`);
    this.name = "TaskError";
    this.error = error;
    this.causeText = cause;
  }
}

/** A state failed. `location` is set when an expression did it (an EvaluationFailed event is due). */
export class StateFailure extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  readonly location: string | undefined;
  constructor(error: string | undefined, cause: string | undefined, location?: string) {
    super(`${error ?? ""}: ${cause ?? ""}`);
    this.name = "StateFailure";
    this.error = error;
    this.causeText = cause;
    this.location = location;
  }
}

export const RUNTIME = "States.Runtime";
export const QUERY_ERROR = "States.QueryEvaluationError";
export const DATA_LIMIT = "States.DataLimitExceeded";
export const TIMEOUT = "States.Timeout";
export const HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout";
