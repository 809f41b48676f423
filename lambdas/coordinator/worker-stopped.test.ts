import type { Context } from "aws-lambda";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startAwsJson } from "../../test/standins/aws-json.ts";
import { taskStopped } from "../../test/standins/ecs-task-stopped.ts";
import { handler } from "./worker-stopped.ts";

const TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAeTOKEN";
const DESCRIBE = "AmazonEC2ContainerServiceV20141113.DescribeTasks";
const FAIL = "AWSStepFunctions.SendTaskFailure";
const { detail } = taskStopped({ token: TOKEN });
const { taskArn, clusterArn, containers, cpu, memory, lastStatus, overrides, stopCode, stoppedReason } = detail;
/** ECS says the same; its times are numbers, which nobody reads here. */
const task = { taskArn, clusterArn, containers, cpu, memory, lastStatus, overrides, stopCode, stoppedReason };

let asked: Readonly<Record<string, unknown>>[];
let told: Readonly<Record<string, unknown>>[];
let tasks: readonly unknown[];
/** Step Functions knows the token until its first answer. */
let open: boolean;
let aws: Awaited<ReturnType<typeof startAwsJson>>;
let printed: string;

// One address for all: a warm function keeps its clients.
beforeAll(async () => {
  aws = await startAwsJson({
    [DESCRIBE]: (input) => {
      asked.push(input);
      return { tasks, failures: tasks.length === 0 ? [{ arn: taskArn, reason: "MISSING" }] : [] };
    },
    [FAIL]: (input) => {
      if (!open) return { __type: "TaskTimedOut", message: "Task Timed Out" };
      open = false;
      told.push(input);
      return {};
    },
  });
});
afterAll(() => aws.close());

beforeEach(() => {
  [asked, told, tasks, open, printed] = [[], [], [task], true, ""];
  const settings = [
    ...["BUCKET_LANDING", "BUCKET_LAKE", "BUCKET_QUARANTINE", "BUCKET_ARTIFACTS", "BUCKET_DROPS"],
    ...["LEDGER_TABLE", "BUS"],
    ...["LAKE_CATALOG", "MACHINE_ARN_PREFIX", "SECRET_PREFIX"],
  ];
  for (const name of settings) vi.stubEnv(`MILLRACE_${name}`, "x");
  vi.stubEnv("MILLRACE_LAKE_CATALOG", "glue:111122223333");
  vi.stubEnv("MILLRACE_ENVIRONMENT", "qa");
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  vi.stubEnv("AWS_ENDPOINT_URL", aws.url);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => (printed += String(text)).length > 0);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const run = { id: "r", domain: "coordinator", job: "worker_stopped", trigger: "worker_stopped" };
const stopped = (worker: unknown = taskArn): Promise<unknown> =>
  handler(
    { run: { ...run, startedAt: "2026-01-23T17:45:25Z", state: "WorkerStopped", attempt: 0 }, input: { worker } },
    {} as Context,
  );

test("tells the machine at once, once, and keeps the token to itself", async () => {
  const first = await stopped();
  expect(first).toEqual({ worker: taskArn, outcome: "told", code: "worker_lost" });
  expect(asked).toEqual([{ cluster: "millrace-qa-tasks", tasks: [taskArn] }]);
  expect(told).toMatchObject([{ taskToken: TOKEN, error: "Transient" }]);
  expect(JSON.parse(String(told[0]?.["cause"]))).toMatchObject({
    class: "Transient",
    code: "worker_lost",
    details: { stopCode: "EssentialContainerExited", exitCode: 1, memoryMb: 4096 },
  });
  // The event comes at least once.
  expect(await stopped()).toEqual({ worker: taskArn, outcome: "answered before" });
  expect(told).toHaveLength(1);
  expect(JSON.stringify([first, told[0]?.["cause"], printed])).not.toContain(TOKEN);
});

test("a worker that has answered itself is left alone", async () => {
  open = false;
  expect(await stopped()).toEqual({ worker: taskArn, outcome: "answered before" });
});

test("knows a second death by memory from the attempt that the container was started for", async () => {
  const environment = [
    { name: "MILLRACE_TASK_TOKEN", value: TOKEN },
    { name: "MILLRACE_INPUT", value: JSON.stringify({ run: { attempt: 1 }, input: {} }) },
  ];
  const killed = [{ name: "BuildModels", exitCode: 137, reason: "OutOfMemoryError: Container killed" }];
  const second = { containerOverrides: [{ name: "BuildModels", environment }] };
  tasks = [{ ...task, containers: killed, overrides: second }];
  await stopped();
  expect(told).toMatchObject([{ error: "Misconfigured" }]);
});

test("waits for an ECS that is behind its own event", async () => {
  tasks = [{ ...task, lastStatus: "DEPROVISIONING" }];
  await expect(stopped()).rejects.toMatchObject({ name: "Transient" });
  expect(told).toEqual([]);
});

test("a container that a person has run by hand, or one that ECS has forgotten, is nobody's", async () => {
  tasks = [{ ...task, overrides: { containerOverrides: [{ name: "BuildModels" }] } }];
  expect(await stopped()).toEqual({ worker: taskArn, outcome: "not ours" });
  tasks = [];
  expect(await stopped()).toEqual({ worker: taskArn, outcome: "unknown" });
  expect(told).toEqual([]);
});

test.each([null, "", "arn:aws:ecs:us-east-1:111122223333:task/only-an-id", { taskArn }])(
  "refuses %j as a worker",
  async (worker) => {
    await expect(stopped(worker)).rejects.toMatchObject({ name: "Misconfigured" });
    expect(asked).toEqual([]);
  },
);
