import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Schedule } from "../assembly/triggers.ts";
import { openHomeStore, type HomeStore } from "../home-store.ts";
import { startScheduler } from "./scheduler.ts";

const hourly: Schedule = {
  ...{ name: "hourly", expression: "cron(0 * * * ? *)", timeZone: "UTC", enabled: true, targetArn: "machine" },
  ...{ input: '{"at":"<aws.scheduler.scheduled-time>"}', maximumAgeSeconds: 86_400 },
};
let folder: string;
let store: HomeStore;
let inputs: string[];
let names: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scheduler-"));
  store = openHomeStore(folder);
  inputs = [];
  names = [];
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a scheduler as if the time were `now`, lets it catch up, and stops it. */
async function at(now: string, schedule: Schedule = hourly): Promise<readonly { name: string; at: string }[]> {
  const scheduler = startScheduler({
    schedules: [schedule],
    store,
    start: (_arn, name, input) => {
      names.push(name);
      inputs.push(input);
      return Promise.resolve([]);
    },
    onError: (error) => {
      throw error;
    },
    now: () => new Date(now),
  });
  await new Promise((resolve) => setImmediate(resolve));
  const next = scheduler.next();
  scheduler.stop();
  return next;
}

test("the first start waits for the next tick", async () => {
  expect(await at("2026-01-01T10:30:00Z")).toEqual([{ name: "hourly", at: "2026-01-01T11:00:00.000Z" }]);
  expect(inputs).toEqual([]);
});

test("after downtime all missed ticks are one run, of the newest; a second look starts nothing", async () => {
  await at("2026-01-01T10:30:00Z");
  await at("2026-01-01T14:10:00Z");
  await at("2026-01-01T14:20:00Z");
  expect(inputs).toEqual(['{"at":"2026-01-01T14:00:00Z"}']);
  expect(names[0]).toMatch(/^hourly-[0-9a-f]{8}-20260101T140000000Z$/);
});

test("a schedule that skips what it missed runs only a tick that is young enough", async () => {
  const skipping = { ...hourly, maximumAgeSeconds: 60 };
  await at("2026-01-01T10:30:00Z", skipping);
  await at("2026-01-01T14:10:00Z", skipping);
  expect(inputs).toEqual([]);
  await at("2026-01-01T15:00:30Z", skipping);
  expect(inputs).toEqual(['{"at":"2026-01-01T15:00:00Z"}']);
});

test("a schedule that is switched off does nothing", async () => {
  expect(await at("2026-01-01T10:30:00Z", { ...hourly, enabled: false })).toEqual([]);
});
