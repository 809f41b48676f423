import type { Execution, ExecutionStatus } from "./frame.ts";

/** What DescribeExecution tells. */
export interface ExecutionDescription {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: Date;
  readonly stopDate?: Date;
  /** JSON text, as `output`. */
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly mapRunArn?: string;
  readonly redriveCount: number;
}

export const describe = (execution: Execution): ExecutionDescription => ({
  executionArn: execution.arn,
  stateMachineArn: execution.machineArn,
  name: execution.name,
  status: execution.status,
  startDate: new Date(execution.startMs),
  ...(execution.stopMs === undefined ? {} : { stopDate: new Date(execution.stopMs) }),
  input: JSON.stringify(execution.input),
  ...(execution.output === undefined ? {} : { output: JSON.stringify(execution.output) }),
  ...(execution.error === undefined ? {} : { error: execution.error }),
  ...(execution.cause === undefined ? {} : { cause: execution.cause }),
  ...(execution.mapRunArn === undefined ? {} : { mapRunArn: execution.mapRunArn }),
  redriveCount: execution.redriveCount,
});

/** The `detail` of EventBridge's "Step Functions Execution Status Change"; dates are epoch milliseconds. */
export interface StatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly redriveCount: number;
}

export const statusChange = (execution: Execution): StatusChange => ({
  executionArn: execution.arn,
  stateMachineArn: execution.machineArn,
  name: execution.name,
  status: execution.status,
  startDate: execution.startMs,
  stopDate: execution.stopMs ?? null,
  input: JSON.stringify(execution.input),
  output: execution.output === undefined ? null : JSON.stringify(execution.output),
  error: execution.error ?? null,
  cause: execution.cause ?? null,
  redriveCount: execution.redriveCount,
});
