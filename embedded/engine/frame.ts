import type { Json, JsonObject } from "./json.ts";

/**
 * A thread of control inside an execution: the machine's own, one a Parallel branch, one an inline Map iteration.
 * Frames are the durable state: the journal holds each as one row and writes only those that a step changed.
 */
export interface Frame {
  readonly id: number;
  readonly parent: number | undefined;
  /** Branch or iteration number under the parent. */
  readonly index: number;
  /** Level of the program that the frame walks. */
  readonly level: string;
  state: string;
  /** Raw input of `state`. */
  input: Json;
  /** Variables of this scope; those of the parents are visible too. */
  vars: JsonObject;
  /** Id of the event that the branch's next event points back to. */
  chain: number;
  /** Event before the present state's Entered event. */
  cameFrom: number;
  enteredId: number;
  enteredMs: number;
  phase: Phase;
  /** Stopped where it stands, because a sibling failed or the execution ended; a redrive continues it. */
  halted: boolean;
  retries: number[];
  retryCount: number;
  /** Counts attempts and timers: an answer to an older one is stale and ignored. */
  attempt: number;
  dueMs: number | undefined;
  task: TaskWait | undefined;
  fan: Fan | undefined;
  /** The item of an inline Map iteration. */
  item: { readonly index: number; readonly value: Json; readonly key?: string } | undefined;
}

/** `enter`: about to enter `state`. `run`: entered, about to (re)run it. The others wait for something outside. */
export type Phase = "enter" | "run" | "task" | "wait" | "backoff" | "fan" | "done";

export interface TaskWait {
  readonly arguments: Json;
  readonly token: string | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  readonly timeoutMs: number | undefined;
  heartbeatMs: number | undefined;
  submitted: boolean;
  /** Of a nested execution: its name, fixed before it starts so that starting it again is harmless. */
  readonly childName: string | undefined;
}

/** Progress of a Parallel or Map state. */
export interface Fan {
  total: number;
  /** Index of the next Map item to start. */
  next: number;
  running: number;
  succeeded: number;
  failed: number;
  concurrency: number;
  /** Event that iterations point back to. */
  startedId: number;
  /** The items of a Map: a list of its own, so that writing the next one never touches what a resume may need. */
  readonly list: number | undefined;
  readonly run: MapRun | undefined;
}

/** Of a distributed Map only. */
export interface MapRun {
  readonly arn: string;
  readonly id: string;
  readonly toleratedCount: number | undefined;
  readonly toleratedPercentage: number | undefined;
  /** Items before batching. */
  readonly itemCount: number;
  redrives: number;
}

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

export interface Execution {
  readonly id: number;
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly machineName: string;
  readonly roleArn: string;
  readonly definition: string;
  /** Level of the program that this execution runs: "" but for children of a distributed Map. */
  readonly level: string;
  readonly input: Json;
  readonly startMs: number;
  /** Who waits for it: the frame of another execution. */
  readonly parent: { readonly execution: number; readonly frame: number; readonly index: number } | undefined;
  readonly mapRunArn: string | undefined;
  status: ExecutionStatus;
  stopMs: number | undefined;
  output: Json | undefined;
  error: string | undefined;
  cause: string | undefined;
  redriveCount: number;
  redriveMs: number | undefined;
  lastEvent: number;
  nextFrame: number;
  deadlineMs: number | undefined;
}
