import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  DescribeExecutionCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  type DescribeExecutionCommandOutput,
} from "@aws-sdk/client-sfn";
import { executionTaken, machineMissing, notRedrivable } from "../execution-failures.ts";
import { executionArnOf, machineArnOf } from "../machine-arns.ts";
import { EXECUTION_STATUSES, type Executions } from "../ports.ts";
import { CLIENT } from "./client.ts";
import { awsFailure, readAwsError } from "./errors.ts";

/** Quotas of StopExecution. */
const ERROR_MAX_CHARS = 256;
const CAUSE_MAX_CHARS = 32_768;

/** Executions of Step Functions, by names that their starters choose. */
export function awsExecutions(machineArnPrefix: string): Executions {
  const sfn = new SFNClient(CLIENT);

  const find = async (executionArn: string): Promise<DescribeExecutionCommandOutput | undefined> => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn }));
    } catch (error) {
      if (readAwsError(error)?.name === "ExecutionDoesNotExist") return undefined;
      throw awsFailure(error, `describe the execution ${executionArn}`);
    }
  };
  const arnOf = (domain: string, name: string): string => executionArnOf(machineArnOf(machineArnPrefix, domain), name);

  return {
    async start({ domain, name, input }) {
      const stateMachineArn = machineArnOf(machineArnPrefix, domain);
      try {
        await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      } catch (error) {
        const refusal = readAwsError(error)?.name;
        if (refusal === "StateMachineDoesNotExist") throw machineMissing(domain, stateMachineArn, error);
        if (refusal !== "ExecutionAlreadyExists") throw awsFailure(error, `start the execution ${name} of ${domain}`);
        // AWS says so of one that has ended, too, whatever its input was.
        const known = await find(arnOf(domain, name));
        if (!sameJson(known?.input, input)) throw executionTaken(domain, name, error);
      }
    },

    async describe({ domain, name }) {
      const found = await find(arnOf(domain, name));
      const status = EXECUTION_STATUSES.find((known) => known === found?.status);
      if (found?.startDate === undefined || status === undefined) return undefined;
      const { startDate: startedAt, stopDate: endedAt, output, error, cause, redriveCount = 0 } = found;
      return {
        status,
        startedAt,
        ...(endedAt === undefined ? {} : { endedAt }),
        ...(output === undefined ? {} : { output }),
        ...(error === undefined ? {} : { error }),
        ...(cause === undefined ? {} : { cause }),
        ...(redriveCount === 0 ? {} : { redrives: redriveCount }),
      };
    },

    async redrive({ domain, name, count }) {
      const executionArn = arnOf(domain, name);
      const isDone = async () => ((await find(executionArn))?.redriveCount ?? 0) >= count;
      if (await isDone()) return;
      // The service takes a call with the token of one that it has done as that one, for 15 minutes.
      const clientToken = createHash("sha256").update(`${executionArn}#${count}`).digest("hex");
      try {
        await sfn.send(new RedriveExecutionCommand({ executionArn, clientToken }));
      } catch (error) {
        const refusal = readAwsError(error);
        if (refusal?.name === "ExecutionDoesNotExist") throw notRedrivable(domain, name, "it is unknown", error);
        if (refusal?.name !== "ExecutionNotRedrivable")
          throw awsFailure(error, `redrive the execution ${executionArn}`);
        // Somebody else was faster.
        if (await isDone()) return;
        throw notRedrivable(domain, name, refusal.message, error);
      }
    },

    async stop({ domain, name, error, cause }) {
      const executionArn = arnOf(domain, name);
      const reason = { error: error.slice(0, ERROR_MAX_CHARS), cause: cause.slice(0, CAUSE_MAX_CHARS) };
      try {
        await sfn.send(new StopExecutionCommand({ executionArn, ...reason }));
      } catch (refusal) {
        if ((await find(executionArn))?.status !== "RUNNING") return;
        throw awsFailure(refusal, `stop the execution ${executionArn}`);
      }
    },
  };
}

function sameJson(text: string | undefined, input: unknown): boolean {
  if (text === undefined) return false;
  const known: unknown = JSON.parse(text);
  const wanted: unknown = JSON.parse(JSON.stringify(input));
  return isDeepStrictEqual(known, wanted);
}
