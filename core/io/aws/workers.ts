import { DescribeTasksCommand, ECSClient, type Task } from "@aws-sdk/client-ecs";
import * as z from "zod";
import type { StoppedWorker } from "../../model/stopped-worker.ts";
import { CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";

/** A Fargate task; `token` answers for it and is worth no more than this one attempt. */
export interface FoundWorker extends StoppedWorker {
  readonly hasStopped: boolean;
  /** Absent = nobody waits for an answer of it. */
  readonly token?: string;
}

const Envelope = z.object({ run: z.object({ attempt: z.number() }) });

/**
 * The task of this ARN as ECS has it, with what it was started with; undefined = ECS knows it no more, which it does for
 * at least an hour after its end (API_DescribeTasks.html).
 */
export async function findWorker(taskArn: string): Promise<FoundWorker | undefined> {
  const ecs = new ECSClient(CLIENT);
  // arn:…:task/<cluster>/<id>
  const cluster = taskArn.split("/").at(-2);
  try {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
    return tasks[0] === undefined ? undefined : workerOf(tasks[0]);
  } catch (error) {
    throw awsFailure(error, `describe the container ${taskArn}`);
  } finally {
    ecs.destroy();
  }
}

function workerOf(task: Task): FoundWorker {
  const started = task.overrides?.containerOverrides?.find(({ environment = [] }) => environment.length > 0);
  const given = new Map((started?.environment ?? []).map(({ name, value }) => [name, value]));
  const name = started?.name ?? task.containers?.[0]?.name ?? "unknown";
  const container = task.containers?.find((one) => one.name === name);
  const token = given.get("MILLRACE_TASK_TOKEN");
  return {
    hasStopped: task.lastStatus === "STOPPED",
    container: name,
    attempt: Envelope.safeParse(parse(given.get("MILLRACE_INPUT"))).data?.run.attempt ?? 0,
    ...(token === undefined ? {} : { token }),
    ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
    ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    ...(container?.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    ...(container?.reason === undefined ? {} : { reason: container.reason }),
    ...(task.memory === undefined ? {} : { memoryMb: Number(task.memory) }),
  };
}

function parse(text = ""): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
