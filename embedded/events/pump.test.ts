import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { embeddedBus } from "../../core/io/embedded/bus.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import type { Rule } from "../assembly/triggers.ts";
import { openHomeStore, type HomeStore } from "../home-store.ts";
import { startEventPump, type EventPump } from "./pump.ts";

const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
const rules: readonly Rule[] = [
  {
    name: "landed",
    bus: "default",
    pattern: { source: ["aws.s3"], detail: { object: { key: [{ prefix: "sources/" }] } } },
    targets: [{ id: "t", arn: machine, inputPath: "$.detail.object.key" }],
  },
  {
    name: "materialised",
    bus: "custom",
    pattern: { "detail-type": ["AssetMaterialized"] },
    targets: [{ id: "t", arn: machine }],
  },
];

let stateDir: string;
let store: HomeStore;
let pump: EventPump | undefined;
let started: { name: string; input: string }[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "pump-"));
  store = openHomeStore(stateDir);
  started = [];
});
afterEach(() => {
  pump?.stop();
  store.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const begin = (
  start = (_arn: string, name: string, input: string) => {
    started.push({ name, input });
    return Promise.resolve([`execution:${name}`]);
  },
): void => {
  pump = startEventPump({ stateDir, customBus: "custom", rules, store, start, onError: () => undefined });
};
async function drained(): Promise<void> {
  while (pump?.waiting() === true) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("objects and domain events start their machines, and what does not match is passed over", async () => {
  begin();
  const objects = embeddedObjects(stateDir);
  const { head } = await objects.put("bucket", "sources/a+b.log", "x");
  await objects.put("bucket", "elsewhere/c", "x");
  const bus = embeddedBus(stateDir);
  const detail = {
    version: 1 as const,
    asset: "a",
    partition: "p",
    dataVersion: "v",
    codeVersion: "1",
    tables: new Array<string>(),
    runId: "run-1",
    materializedAt: "2026-01-01T00:00:00Z",
  };
  await bus.publish([{ id: "event-1", type: "AssetMaterialized", detail }]);
  await drained();
  expect(started.map(({ input }) => input).filter((input) => input.startsWith('"'))).toEqual(['"sources/a+b.log"']);
  expect(store.eventsOfObject("bucket", "sources/a+b.log", head.versionId)).toMatchObject([
    { executions: [expect.stringContaining("landed")] },
  ]);
  expect(store.eventsCausedBy("run-1")).toMatchObject([
    { eventId: "event-1", executions: [expect.stringContaining("materialised")] },
  ]);
  objects.close();
  bus.close();
});

test("an event that is seen again asks for the same execution name", async () => {
  const objects = embeddedObjects(stateDir);
  await objects.put("bucket", "sources/a", "x");
  objects.close();
  // The first pump is stopped between the start and its acknowledgement, as by a kill.
  begin((_arn, name, input) => {
    started.push({ name, input });
    pump?.stop();
    return Promise.resolve([]);
  });
  while (started.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  begin();
  await drained();
  expect(started).toHaveLength(2);
  expect(started[0]).toEqual(started[1]);
});

test("an event that cannot be started is kept as a dead letter and does not hold up the next", async () => {
  const objects = embeddedObjects(stateDir);
  await objects.put("bucket", "sources/bad", "x");
  await objects.put("bucket", "sources/good", "x");
  objects.close();
  begin((_arn, name, input) => {
    if (input.includes("bad")) return Promise.reject(new Error("too large"));
    started.push({ name, input });
    return Promise.resolve([]);
  });
  await drained();
  expect(started.map(({ input }) => input)).toEqual(['"sources/good"']);
  expect(store.deadLetters()).toMatchObject([
    { rule: "landed", target: machine, error: "Error: too large", event: expect.stringContaining("sources/bad") },
  ]);
});
