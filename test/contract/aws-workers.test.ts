import {
  CreateClusterCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { findWorker } from "../../core/io/aws/workers.ts";

/** The emulator's ECS runs nothing and sends no events, but it keeps what RunTask was given. */
it("finds what a container was started with, and that it has stopped", async () => {
  const ecs = new ECSClient({});
  const cluster = `workers-${randomUUID().slice(0, 8)}`;
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      ...{ family: cluster, cpu: "1024", memory: "4096", requiresCompatibilities: ["FARGATE"], networkMode: "awsvpc" },
      containerDefinitions: [{ name: "BuildModels", image: "none" }],
    }),
  );
  const environment = [
    { name: "MILLRACE_TASK_TOKEN", value: "token" },
    { name: "MILLRACE_INPUT", value: JSON.stringify({ run: { attempt: 2 }, input: {} }) },
  ];
  const { tasks = [] } = await ecs.send(
    new RunTaskCommand({
      ...{ cluster, taskDefinition: cluster, launchType: "FARGATE" },
      overrides: { containerOverrides: [{ name: "BuildModels", environment }] },
    }),
  );
  const taskArn = tasks[0]?.taskArn ?? "";
  const started = { container: "BuildModels", token: "token", attempt: 2 };
  expect(await findWorker(taskArn)).toMatchObject({ ...started, hasStopped: false });
  await ecs.send(new StopTaskCommand({ cluster, task: taskArn, reason: "somebody stopped it" }));
  expect(await findWorker(taskArn)).toMatchObject({
    ...{ ...started, hasStopped: true, stopCode: "UserInitiated", stoppedReason: "somebody stopped it" },
  });
  expect(await findWorker(taskArn.replace(/[^/]+$/, "0".repeat(32)))).toBeUndefined();
  ecs.destroy();
});
