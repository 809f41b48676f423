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

/** A state failed. */
export class StateFailure extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  constructor(error: string | undefined, cause: string | undefined) {
    super(`${error ?? ""}: ${cause ?? ""}`);
    this.name = "StateFailure";
    this.error = error;
    this.causeText = cause;
  }

  /** What Retry and Catch may name it. */
  get names(): readonly (string | undefined)[] {
    return [this.error];
  }
}

/** AWS reports a missed heartbeat as States.Timeout; States.HeartbeatTimeout is only what Retry and Catch may call it. */
export class HeartbeatMissed extends StateFailure {
  constructor() {
    super(TIMEOUT, undefined);
  }

  override get names(): readonly string[] {
    return [TIMEOUT, HEARTBEAT_TIMEOUT];
  }
}

/** A field of the state could not be evaluated: an EvaluationFailed event is due. `location` is the field, if there is one. */
export class EvaluationFailure extends StateFailure {
  readonly location: string | undefined;
  constructor(cause: string, location?: string) {
    super(QUERY_ERROR, cause);
    this.location = location;
  }
}

export const RUNTIME = "States.Runtime";
export const QUERY_ERROR = "States.QueryEvaluationError";
export const DATA_LIMIT = "States.DataLimitExceeded";
export const TIMEOUT = "States.Timeout";
export const HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout";
