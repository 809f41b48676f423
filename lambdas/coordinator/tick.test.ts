import { afterEach, beforeEach, expect, test } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import type { TickStart } from "../../core/model/schedules/declaration.ts";
import type { RunStatus } from "../../core/model/schedules/tick-record.ts";
import { mortal } from "../../test/standins/mortal.ts";
import { temporaryFolder } from "../../test/contract/temporary-folder.ts";
import { runTick, TickInput } from "./tick.ts";

const input = TickInput.parse({
  schedule: {
    ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "cron(0 * * * ? *)", timeZone: "UTC" },
    ...{ misfire: "run-once", enabled: true },
  },
  scheduledTime: "2090-01-05T10:00:00Z",
});
let folder: ReturnType<typeof temporaryFolder>;
let ledger: ReturnType<typeof embeddedLedger>;
let started: TickStart[];
beforeEach(() => {
  folder = temporaryFolder();
  ledger = embeddedLedger(folder.path);
  started = [];
});
afterEach(() => {
  ledger.close();
  folder.remove();
});
const status = async (): Promise<RunStatus> => "unknown";
const start = async (one: TickStart): Promise<void> => void started.push(one);
const now = new Date("2090-01-05T10:00:20Z");

test("a tick that could not start its run starts the same one when it is delivered again", async () => {
  const refused = new Error("no connection");
  const failing = { ledger, status, now, start: () => Promise.reject(refused) };
  await expect(runTick(input, failing)).rejects.toBe(refused);
  const again = await runTick(input, { ledger, status, now, start });
  const third = await runTick(input, { ledger, status, now, start });
  expect(again).toMatchObject({ outcome: "duplicate", schedule: "sweep" });
  expect(started).toEqual([again.start, third.start]);
  expect(started[0]?.name).toBe(started[1]?.name);
  expect(started[0]).toMatchObject({ domain: "lakehouse", input: { job: "build", trigger: "sweep" } });
});

test("a tick of a schedule that is off starts nothing", async () => {
  const off = { ...input, schedule: { ...input.schedule, enabled: false } };
  expect(await runTick(off, { ledger, status, now, start })).toMatchObject({ outcome: "skipped: off", start: null });
  expect(started).toEqual([]);
});

test.each([{}, { ...input, scheduledTime: "<aws.scheduler.scheduled-time>" }, { scheduledTime: input.scheduledTime }])(
  "%j is no tick",
  (wrong) => {
    expect(TickInput.safeParse(wrong).success).toBe(false);
  },
);

/** More calls than one decision makes: the last ones are never reached. */
const moments = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((at) => [[at, false] as const, [at, true] as const]);
test.each(moments)(
  "killed at call %i, its effect done: %s, the next delivery starts the one run",
  async (at, effect) => {
    const late = { ...input, scheduledTime: "2090-01-05T08:00:00Z" };
    const ended = async (): Promise<RunStatus> => "ended";
    await runTick(
      { ...input, scheduledTime: "2090-01-05T06:00:00Z" },
      {
        ...{ ledger, status: ended, start: async () => undefined, now: new Date("2090-01-05T06:00:10Z") },
      },
    );
    const world = mortal(at, effect);
    const ports = world.wrap({ status: ended, start });
    const first = await world.live(() => runTick(late, { ledger: world.wrap(ledger), now, ...ports }));
    const again = await runTick(late, { ledger, status: ended, start, now });
    await runTick(input, { ledger, status: ended, start, now });
    if (at === 0) expect(first).toBe("killed");
    expect(new Set(started.map(({ name }) => name))).toEqual(new Set([again.start?.name]));
    expect(again.start?.input.scheduledTime).toBe(input.scheduledTime);
  },
);
