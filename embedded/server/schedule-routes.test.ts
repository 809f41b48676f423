import { afterEach, beforeEach, expect, test } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { openSchedules } from "../../core/io/schedules.ts";
import { temporaryFolder } from "../../test/contract/temporary-folder.ts";
import type { Schedule } from "../assembly/triggers.ts";
import type { ExecutionView } from "../control/executions.ts";
import { openHomeStore, type HomeStore } from "../home-store.ts";
import { declaredSchedules } from "../schedules/declared.ts";
import { scheduleRoutes } from "./schedule-routes.ts";

const deployed = (name: string, more: Partial<Schedule>): Schedule => ({
  ...{ name, expression: "cron(0 * * * ? *)", timeZone: "Europe/Berlin", enabled: true, targetArn: "machine" },
  ...{ maximumAgeSeconds: 86_400, input: '{"domain":"lakehouse","job":"build","trigger":"sweep"}' },
  ...more,
});
const now = new Date("2090-01-05T10:30:00Z");
let folder: ReturnType<typeof temporaryFolder>;
let ledger: ReturnType<typeof embeddedLedger>;
let store: HomeStore;
let running: string[];
beforeEach(() => {
  folder = temporaryFolder();
  ledger = embeddedLedger(folder.path);
  store = openHomeStore(folder.path);
  running = [];
});
afterEach(() => {
  ledger.close();
  store.close();
  folder.remove();
});

const ended: ExecutionView = {
  ...{ arn: "", name: "", machineArn: "", status: "SUCCEEDED", startedAt: "", input: null, redriveCount: 0 },
};
async function ask(method: string, path: string, body?: unknown, enabled = true): Promise<unknown> {
  const [route, query = ""] = path.split("?");
  const routes = scheduleRoutes({
    ...{ schedules: [deployed("millrace-dev-sweep", { enabled })], ledger, store, now: () => now },
    executions: { find: (name) => (running.includes(name) ? { ...ended, name, status: "RUNNING" } : undefined) },
  });
  const found = routes.find((one) => one.method === method && one.path.replace(":id", "sweep") === route);
  const params = { id: "sweep" };
  return JSON.parse(JSON.stringify(await found?.serve({ params, query: new URLSearchParams(query), body })));
}

test("what is listed is what is deployed, with the override that is in force", async () => {
  expect(await ask("GET", "/api/schedules")).toMatchObject([
    { id: "sweep", domain: "lakehouse", job: "build", declared: "on", state: "on", override: null, lastTick: null },
  ]);
  const order = { state: "off", author: "mk", reason: "upstream is down", until: "45m" };
  await expect(ask("POST", "/api/schedules/sweep/override", { ...order, reason: "" })).rejects.toThrow(/no reason/);
  expect(await ask("POST", "/api/schedules/sweep/override", order)).toMatchObject({
    ...{ declared: "on", state: "off", why: "Switched off by mk until 2090-01-05T11:15Z: upstream is down" },
    override: { author: "mk", until: "2090-01-05T11:15:00.000Z" },
  });
  expect(await ask("GET", "/api/schedules/sweep/preview?count=2")).toMatchObject([
    { outcome: "skipped: off" },
    { outcome: "started" },
  ]);
  expect(await ask("POST", "/api/schedules/sweep/clear")).toMatchObject({ state: "on", override: null });
});

test("a schedule that is deployed as DISABLED cannot be switched on, only off", async () => {
  const order = { author: "mk", reason: "try it", until: "1h" };
  const path = "/api/schedules/sweep/override";
  await expect(ask("POST", path, { ...order, state: "on" }, false)).rejects.toThrow(/has no ticks/);
  expect(await ask("POST", path, { ...order, state: "off" }, false)).toMatchObject({ declared: "off", state: "off" });
});

test("a preview names the run that each tick would start, and the run that is in its way", async () => {
  expect(await ask("GET", "/api/schedules/sweep/preview?count=1")).toMatchObject([
    {
      ...{ scheduledTime: "2090-01-05T11:00:00Z", local: "2090-01-05 12:00 +01:00", outcome: "started" },
      start: { domain: "lakehouse", input: { job: "build", trigger: "sweep" } },
    },
  ]);
  const [first] = declaredSchedules([deployed("x", {})]);
  const at = { now: new Date("2090-01-05T10:00:05Z"), status: async () => "ended" as const };
  if (first === undefined) throw new Error("No schedule.");
  const { start } = await openSchedules(ledger).decide(first.declaration, new Date("2090-01-05T10:00:00Z"), at);
  running = [start?.name ?? ""];
  expect(await ask("GET", "/api/schedules/sweep/preview?count=1")).toMatchObject([{ outcome: "skipped: overlap" }]);
  expect(await ask("GET", "/api/schedules/sweep/ticks?limit=5")).toMatchObject({
    ticks: [{ outcome: "started", start }],
  });
});

test("declarations are read from what a schedule sends, its times from the schedule itself", () => {
  const declaration = {
    ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "rate(1 day)", timeZone: "UTC" },
    ...{ misfire: "skip", enabled: false, overlap: true },
  };
  const found = declaredSchedules([
    deployed("a", { input: JSON.stringify({ job: "tick", trigger: "sweep", schedule: declaration }) }),
    deployed("b", { maximumAgeSeconds: 60, enabled: false }),
    deployed("c", { input: "{}" }),
    deployed("d", { input: "not JSON" }),
  ]);
  expect(found).toEqual([
    {
      name: "a",
      declaration: { ...declaration, expression: "cron(0 * * * ? *)", timeZone: "Europe/Berlin" },
      ticks: true,
    },
    {
      name: "b",
      ticks: false,
      declaration: {
        ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "cron(0 * * * ? *)" },
        ...{ timeZone: "Europe/Berlin", misfire: "skip", enabled: false, overlap: false },
      },
    },
  ]);
});
