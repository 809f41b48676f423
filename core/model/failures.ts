/**
 * The closed set of failure names. The name is the same in Lambda, Fargate and ASL, so a state machine
 * decides by name and never by text. Anything outside the set is a bug and keeps its own name.
 */
export const FAILURE_NAMES = ["Transient", "Throttled", "Rejected", "Malformed", "Conflict", "Misconfigured"] as const;

export type FailureName = (typeof FAILURE_NAMES)[number];

export interface FailureDetails {
  /** Short snake_case reason, for example `gzip_truncated`. Stable: people and alerts match on it. */
  readonly code: string;
  /** What was attempted, in words: "read the tracking log s3://…". */
  readonly what: string;
  /** What to do next, for the person named in the table of failures. */
  readonly hint?: string;
  /** For `Throttled`: how long the other side asked us to wait. */
  readonly retryAfterSeconds?: number;
  /** Small, free of secrets: counts, offsets, keys. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The JSON that travels as the `cause` of a failed state and lands in the run's record. */
export interface FailureRecord {
  readonly class: string;
  readonly code: string;
  readonly what: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint?: string;
  readonly retryAfterSeconds?: number;
  readonly causedBy?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const RETRYABLE: ReadonlySet<string> = new Set<FailureName>(["Transient", "Throttled"]);
const CAUSE_MAX_CHARS = 2_048;
/** The whole record has to fit into a state's cause, 32,768 characters: cut there it would be no JSON any more. */
const MESSAGE_MAX_CHARS = 4_096;

export class Failure extends Error {
  override readonly name: FailureName;
  readonly code: string;
  readonly info: FailureDetails;

  constructor(name: FailureName, message: string, info: FailureDetails) {
    super(message, { cause: info.cause });
    this.name = name;
    this.code = info.code;
    this.info = info;
  }
}

export const isFailure = (error: unknown): error is Failure => error instanceof Failure;

export const isFailureName = (name: string): name is FailureName => FAILURE_NAMES.some((known) => known === name);

/** Describes any thrown value for the run's record. Foreign errors keep their own name (they are bugs). */
export function describeFailure(error: unknown): FailureRecord {
  if (isFailure(error)) {
    const { code, what, hint, retryAfterSeconds, details, cause } = error.info;
    return {
      class: error.name,
      code,
      what,
      message: error.message.slice(0, MESSAGE_MAX_CHARS),
      retryable: RETRYABLE.has(error.name),
      ...(hint === undefined ? {} : { hint }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(details === undefined ? {} : { details }),
      ...(cause === undefined ? {} : { causedBy: summarise(cause) }),
    };
  }
  const name = error instanceof Error ? error.name : "Error";
  return {
    class: name,
    code: "unclassified",
    what: "run a task",
    message: summarise(error),
    retryable: false,
    hint: "This is a bug in Millrace: report it with the run's id.",
  };
}

function summarise(cause: unknown): string {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return text.slice(0, CAUSE_MAX_CHARS);
}
