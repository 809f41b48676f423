import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContainerPool } from "./container-pool.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-pool-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Only what is refused before anything runs. */
const run = (parameters: Readonly<Record<string, unknown>>, token = "token") =>
  createContainerPool({
    containers: [],
    surroundings: { stateDir: folder, settings: {}, toolPath: [] },
    concurrency: 1,
    tokens: { fail: () => undefined, heartbeat: () => undefined },
  }).run({ TaskDefinition: "none", ...parameters }, token, new AbortController().signal, () => () => undefined);

const overrides = (value: string) => ({
  Overrides: { ContainerOverrides: [{ Name: "Work", Environment: [{ Name: "MILLRACE_INPUT", Value: value }] }] },
});

describe("what AWS would not start does not start here", () => {
  it("a launch type beside a strategy", async () => {
    const CapacityProviderStrategy = [{ CapacityProvider: "FARGATE_SPOT", Weight: 1 }];
    await expect(run({ CapacityProviderStrategy, LaunchType: "FARGATE" })).rejects.toMatchObject({
      error: "ECS.InvalidParameterException",
    });
    await expect(run({ CapacityProviderStrategy })).rejects.toMatchObject({ error: "ECS.ClientException" });
  });

  it("a capacity provider that is not Fargate's", async () => {
    await expect(run({ CapacityProviderStrategy: [{ CapacityProvider: "SPOT" }] })).rejects.toMatchObject({
      error: "ECS.InvalidParameterException",
    });
  });

  it("an input that is a payload, not references, with room for the longer tokens of AWS", async () => {
    await expect(run(overrides("x".repeat(7_200)))).rejects.toMatchObject({
      error: "ECS.InvalidParameterException",
      causeText: expect.stringContaining("8192"),
    });
    await expect(run(overrides("x".repeat(6_900)))).rejects.toMatchObject({ error: "ECS.ClientException" });
  });
});
