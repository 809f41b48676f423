import { beforeEach, expect, test } from "vitest";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import type { AlertEvent } from "../model/alerts/alert-event.ts";
import { newOverride } from "../model/schedules/override.ts";
import { startOf, type ScheduleDeclaration } from "../model/schedules/declaration.ts";
import { openAlerts } from "./alerts.ts";
import { changeLane } from "./lane-store.ts";
import { lookAround, type Looked } from "./look-around.ts";
import { keepScheduleEnd } from "./schedule-ends.ts";
import { openSchedules } from "./schedules.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const START = Date.parse("2090-01-01T00:00:00Z");

const hourly: ScheduleDeclaration = {
  ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "cron(0 * * * ? *)", timeZone: "UTC" },
  ...{ misfire: "run-once", enabled: true, overlap: false },
};
const settings = {
  environment: "qa" as const,
  machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-",
  runs: {
    lanes: [{ id: "openedx", domain: "openedx", slots: 2 }],
    ...{ cap: 10, failedOnceDelayMs: 0, longestSeconds: { openedx: 3_600, lakehouse: 1_800 } },
  },
  watched: { schedules: [hourly] },
};

let ledger: ReturnType<typeof memoryLedger>;
let executions: MemoryExecutions;
beforeEach(() => {
  ledger = memoryLedger(() => START / 1_000);
  executions = new MemoryExecutions();
});

const look = (now: number): Promise<Looked | undefined> => lookAround({ io: { ledger, executions }, settings, now });

/** Looks as the clock does; the last look's findings. */
async function lookUntil(from: number, until: number): Promise<Looked | undefined> {
  let last: Looked | undefined;
  for (let now = from; now <= until; now += MINUTE_MS) last = (await look(now)) ?? last;
  return last;
}
const alerts = (): AlertEvent[] =>
  executions.all
    .filter(({ domain, name }) => domain === "operations" && name.startsWith("alert-"))
    .map(({ input }) => (input as { event: AlertEvent }).event);

test("it looks once in five minutes; between two looks it reads one item", async () => {
  expect(await look(START)).toBeDefined();
  let reads = 0;
  const counted = { ...ledger, get: (pk: string, sk: string) => ((reads += 1), ledger.get(pk, sk)) };
  for (const minute of [1, 2, 3, 4])
    expect(
      await lookAround({ io: { ledger: counted, executions }, settings, now: START + minute * MINUTE_MS }),
    ).toBeUndefined();
  expect(reads).toBe(4);
  expect(await look(START + 5 * MINUTE_MS)).toBeDefined();
});

test("a schedule without a success is told of once and answered by its next success", async () => {
  await lookUntil(START, START + 4 * HOUR_MS);
  expect(alerts()).toMatchObject([
    { kind: "dead-man", schedule: "sweep", pipeline: "lakehouse", lastSeenAt: null, maxSilenceSeconds: 5_400 },
  ]);
  const endedAt = START + 4 * HOUR_MS + MINUTE_MS;
  await keepScheduleEnd(ledger, "sweep", { run: "r", endedAt, succeeded: true });
  await lookUntil(endedAt, endedAt + HOUR_MS);
  expect(alerts().slice(1)).toMatchObject([{ kind: "schedule-heard", schedule: "sweep" }]);
});

test("a silence opens a window and its end answers in the thread: the two are of one subject", async () => {
  await lookUntil(START, START + 4 * HOUR_MS);
  const endedAt = START + 4 * HOUR_MS;
  await keepScheduleEnd(ledger, "sweep", { run: "r", endedAt, succeeded: true });
  await lookUntil(endedAt + MINUTE_MS, endedAt + 10 * MINUTE_MS);
  const [silent, heard] = alerts();
  const kept = openAlerts(ledger, () => endedAt);
  const record = silent === undefined ? undefined : await kept.record(silent);
  expect(record).toMatchObject({ tracked: true, status: "waiting" });
  expect(heard === undefined ? undefined : (await kept.record(heard))?.closes).toEqual([record?.place?.key]);
});

test("one that is switched off, or just on again, is not silent", async () => {
  const order = { schedule: "sweep", state: "off", author: "mk", reason: "the source is moved", until: "8h" } as const;
  await openSchedules(ledger).setOverride(newOverride(order, new Date(START)));
  await lookUntil(START, START + 9 * HOUR_MS);
  expect(alerts()).toEqual([]);
  await lookUntil(START + 9 * HOUR_MS + MINUTE_MS, START + 11 * HOUR_MS);
  expect(alerts()).toMatchObject([{ kind: "dead-man", at: "2090-01-01T09:30:00.000Z" }]);
});

test("before anybody is woken up, a run whose end no event told is asked after", async () => {
  const tick = new Date(START + HOUR_MS);
  const started = startOf(hourly, tick);
  const status = async () => "ended" as const;
  await openSchedules(ledger).decide(hourly, tick, { now: tick, status });
  await executions.start(started);
  const run = executions.find("lakehouse", started.name);
  if (run !== undefined)
    run.state = { status: "SUCCEEDED", startedAt: tick, endedAt: new Date(tick.getTime() + 10 * MINUTE_MS) };
  await lookUntil(START, START + 2.5 * HOUR_MS);
  expect(alerts()).toEqual([]);
  await lookUntil(START + 2.5 * HOUR_MS, START + 3 * HOUR_MS);
  expect(alerts()).toMatchObject([{ kind: "dead-man", lastSeenAt: "2090-01-01T01:10:00.000Z" }]);
});

test("after a pause of the platform what was missed has half an hour to catch up", async () => {
  await lookUntil(START, START + 10 * MINUTE_MS);
  const back = START + 24 * HOUR_MS;
  await lookUntil(back, back + 25 * MINUTE_MS);
  expect(alerts()).toEqual([]);
  await lookUntil(back + 26 * MINUTE_MS, back + 40 * MINUTE_MS);
  expect(alerts()).toMatchObject([{ kind: "dead-man", at: "2090-01-01T01:30:00.000Z" }]);
});

test("a run that takes longer than its domain allows is told of once, with where to look", async () => {
  const name = "held";
  await executions.start({ domain: "openedx", name, input: {} });
  const run = executions.find("openedx", name);
  if (run !== undefined) run.state = { status: "RUNNING", startedAt: new Date(START) };
  await changeLane(ledger, "openedx", (lane) => ({
    lane: { ...lane, running: [{ name, domain: "openedx", fence: 1, grantedAt: START, until: START + 1 }] },
    result: undefined,
  }));
  const quiet = { ...settings, watched: { schedules: [] } };
  const at = (now: number) => lookAround({ io: { ledger, executions }, settings: quiet, now });
  expect((await at(START + HOUR_MS))?.stuck).toEqual([]);
  expect((await at(START + HOUR_MS + 5 * MINUTE_MS))?.stuck).toEqual([name]);
  expect((await at(START + HOUR_MS + 10 * MINUTE_MS))?.stuck).toEqual([name]);
  expect(alerts()).toMatchObject([
    { kind: "run-stuck", pipeline: "openedx", run: { id: name }, limitSeconds: 3_600, at: "2090-01-01T01:00:00.000Z" },
  ]);
  expect(JSON.stringify(alerts())).toContain("console.aws.amazon.com");
  executions.end("openedx", name, { status: "SUCCEEDED" });
  expect((await at(START + HOUR_MS + 15 * MINUTE_MS))?.stuck).toEqual([]);
});

test("the latest run of a schedule that has no end is stuck too, though no lane holds it", async () => {
  const tick = new Date(START);
  await openSchedules(ledger).decide(hourly, tick, { now: tick, status: async () => "ended" });
  const started = startOf(hourly, tick);
  await executions.start(started);
  const run = executions.find("lakehouse", started.name);
  if (run !== undefined) run.state = { status: "RUNNING", startedAt: tick };
  expect((await look(START + 29 * MINUTE_MS))?.stuck).toEqual([]);
  expect((await look(START + 35 * MINUTE_MS))?.stuck).toEqual([started.name]);
  await keepScheduleEnd(ledger, "sweep", { run: started.name, endedAt: START + 36 * MINUTE_MS, succeeded: true });
  expect((await look(START + 40 * MINUTE_MS))?.stuck).toEqual([]);
});

test("a closed lane is seen, and one in which nobody waits has no age", async () => {
  expect((await look(START))?.lanes).toEqual([{ lane: "openedx", closed: false }]);
  const closed = { class: "Misconfigured", reason: "no secret", since: START };
  await changeLane(ledger, "openedx", (lane) => ({ lane: { ...lane, closed }, result: undefined }));
  expect((await look(START + 5 * MINUTE_MS))?.lanes).toEqual([{ lane: "openedx", closed: true }]);
});

test("an alert that nobody was told of has an age and is tried again every quarter of an hour until it is settled", async () => {
  const event: AlertEvent = {
    ...{ kind: "ping-failed", id: "p", at: new Date(START).toISOString(), environment: "qa", pipeline: "lakehouse" },
    ...{ role: "healthchecks/lakehouse", signal: "fail", class: "Transient", errorName: "no_answer", text: "No." },
  };
  const kept = openAlerts(ledger, () => START);
  await kept.record(event);
  expect(await look(START + 10 * MINUTE_MS)).toMatchObject({ unsentSeconds: 600, again: 0 });
  expect(await look(START + 15 * MINUTE_MS)).toMatchObject({ unsentSeconds: 900, again: 1 });
  await lookUntil(START + 16 * MINUTE_MS, START + 44 * MINUTE_MS);
  const again = executions.all.filter(({ name }) => name.startsWith("again-"));
  expect(again.map(({ input }) => input)).toEqual([
    { job: "alert", trigger: "sweep", event },
    { job: "alert", trigger: "sweep", event },
  ]);
  await kept.settle(event, "sent", null);
  const last = await look(START + 60 * MINUTE_MS);
  expect(last).toMatchObject({ again: 0 });
  expect(last).not.toHaveProperty("unsentSeconds");
});
