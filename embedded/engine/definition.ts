import type { Json, JsonObject } from "./json.ts";
import type { Resource } from "./resource.ts";

/** A state machine after loading: checked, with its defaults filled in. JSON values may hold `{% %}` strings. */
export interface Program {
  readonly timeoutSeconds: number | undefined;
  /** Every level: the machine itself is "", a branch `/States/P/Branches/0`, an iterator `/States/M/ItemProcessor`. */
  readonly levels: ReadonlyMap<string, Level>;
}

export interface Level {
  readonly id: string;
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export interface Outcome {
  readonly assign: JsonObject | undefined;
  readonly output: Json | undefined;
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number | undefined;
  readonly jitter: boolean;
}

export interface Catcher extends Outcome {
  readonly errorEquals: readonly string[];
  readonly next: string;
}

interface Common extends Outcome {
  readonly name: string;
  /** Undefined: the level ends here. */
  readonly next: string | undefined;
}

interface Guarded extends Common {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends Common {
  readonly type: "Pass";
}
export interface SucceedState extends Common {
  readonly type: "Succeed";
}
export interface FailState extends Common {
  readonly type: "Fail";
  readonly error: Json | undefined;
  readonly cause: Json | undefined;
}
export interface WaitState extends Common {
  readonly type: "Wait";
  readonly seconds: Json | undefined;
  readonly timestamp: Json | undefined;
}
export interface ChoiceRule extends Outcome {
  readonly condition: Json;
  readonly next: string;
}
export interface ChoiceState extends Common {
  readonly type: "Choice";
  readonly choices: readonly ChoiceRule[];
}
export interface TaskState extends Guarded {
  readonly type: "Task";
  readonly resource: Resource;
  readonly arguments: Json | undefined;
  readonly timeoutSeconds: Json | undefined;
  readonly heartbeatSeconds: Json | undefined;
}
export interface ParallelState extends Guarded {
  readonly type: "Parallel";
  readonly arguments: Json | undefined;
  readonly branches: readonly string[];
}
export interface MapState extends Guarded {
  readonly type: "Map";
  readonly processor: string;
  readonly distributed: boolean;
  readonly label: string;
  readonly items: Json | undefined;
  readonly itemReader: ItemReader | undefined;
  readonly itemSelector: Json | undefined;
  readonly itemBatcher: ItemBatcher | undefined;
  readonly maxConcurrency: Json | undefined;
  readonly toleratedFailureCount: Json | undefined;
  readonly toleratedFailurePercentage: Json | undefined;
  readonly resultWriter: ResultWriter | undefined;
}

export interface ItemReader {
  readonly action: "getObject" | "listObjectsV2";
  readonly arguments: Json;
  readonly inputType: "CSV" | "JSON" | "JSONL" | undefined;
  readonly csvDelimiter: string;
  /** Undefined: the first row. */
  readonly csvHeaders: readonly string[] | undefined;
  readonly maxItems: Json | undefined;
}
export interface ItemBatcher {
  readonly batchInput: Json | undefined;
  readonly maxItems: Json | undefined;
  readonly maxInputBytes: Json | undefined;
}
export interface ResultWriter {
  /** Undefined: the results are only transformed, not written. */
  readonly arguments: Json | undefined;
  readonly transformation: "NONE" | "COMPACT" | "FLATTEN" | undefined;
  readonly outputType: "JSON" | "JSONL";
}

export type State =
  | PassState
  | SucceedState
  | FailState
  | WaitState
  | ChoiceState
  | TaskState
  | ParallelState
  | MapState;

/** Thousands of iterations at once would not help one machine; AWS itself stops at 40 for inline maps. */
export const INLINE_CONCURRENCY = 40;
export const DISTRIBUTED_CONCURRENCY = 1_000;
