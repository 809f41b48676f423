/** One execution as the engine describes it; the names are ours, the statuses are AWS's. */
export interface ExecutionView {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly status: "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly input: unknown;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** How often it was redriven. */
  readonly redriveCount: number;
}

/** What the control API needs of the engine. */
export interface Executions {
  /** Newest first. */
  list(limit: number): ExecutionView[];
  running(machineArn: string): ExecutionView[];
  describe(arn: string): ExecutionView | undefined;
  /** By name, in whichever machine. */
  find(name: string): ExecutionView | undefined;
  history(arn: string): readonly unknown[];
  stop(arn: string, error: string, cause: string): Promise<void>;
  /** Goes on from the step that failed. */
  redrive(arn: string): Promise<void>;
  start(machineArn: string, name: string, input: string): Promise<string>;
}
