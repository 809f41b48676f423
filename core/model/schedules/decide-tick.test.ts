import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startOf, type ScheduleDeclaration } from "./declaration.ts";
import { decideTick, type TickDecision } from "./decide-tick.ts";
import { LATE_AFTER_MS } from "./judge-tick.ts";
import { newOverride, type ScheduleOverride } from "./override.ts";
import type { RunStatus, ScheduleState, TickRecord } from "./tick-record.ts";
import { tickTime } from "./ticks.ts";

const MINUTE_MS = 60_000;
const hourly: ScheduleDeclaration = {
  ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "cron(0 * * * ? *)", timeZone: "UTC" },
  ...{ misfire: "run-once", enabled: true, overlap: false },
};

/** The ledger's part: what was decided is kept, a run goes on for as long as it is told to. */
class History {
  readonly records = new Map<string, TickRecord>();
  readonly begun = new Map<string, number>();
  state: ScheduleState | undefined;
  override: ScheduleOverride | undefined;
  private readonly runMs: number;
  constructor(runMs = 0) {
    this.runMs = runMs;
  }
  running(now: number): string[] {
    return [...this.begun].filter(([, since]) => since + this.runMs > now).map(([name]) => name);
  }
  deliver(declaration: ScheduleDeclaration, tick: Date, now: Date): TickDecision {
    const recorded = this.records.get(tickTime(tick));
    const last = this.state?.started?.start.name ?? "";
    const begun = this.begun.get(last);
    const previous: RunStatus =
      begun === undefined ? "unknown" : begun + this.runMs > now.getTime() ? "running" : "ended";
    const decision = decideTick(declaration, tick, {
      ...{ now, recorded, state: this.state, override: this.override, previous },
    });
    for (const record of decision.records) {
      expect(this.records.has(record.scheduledTime), record.scheduledTime).toBe(false);
      this.records.set(record.scheduledTime, record);
    }
    this.state = decision.state ?? this.state;
    // Starting a name again is no new run.
    const { start } = decision;
    if (start !== undefined && !this.begun.has(start.name)) this.begun.set(start.name, now.getTime());
    return decision;
  }
  outcomes(): Record<string, string> {
    return Object.fromEntries([...this.records].map(([at, { outcome }]) => [at.slice(11, 16), outcome]));
  }
}
const at = (time: string): Date => new Date(`2026-01-05T${time}Z`);

describe("one delivery", () => {
  test("in time starts the run that the tick names, and a second one names the same run", () => {
    const history = new History();
    const first = history.deliver(hourly, at("10:00:00"), at("10:00:40"));
    expect(first).toMatchObject({ outcome: "started", start: startOf(hourly, at("10:00:00")) });
    expect(first.start?.input).toEqual({ job: "build", trigger: "sweep", scheduledTime: "2026-01-05T10:00:00Z" });
    const second = history.deliver(hourly, at("10:00:00"), at("10:00:41"));
    expect(second).toMatchObject({ outcome: "duplicate", start: first.start, records: [] });
    expect(history.begun.size).toBe(1);
  });

  test("while the last run goes on, or is about to start, is an overlap", () => {
    const history = new History(90 * MINUTE_MS);
    history.deliver(hourly, at("10:00:00"), at("10:00:05"));
    expect(history.deliver(hourly, at("11:00:00"), at("11:00:05")).outcome).toBe("skipped: overlap");
    expect(history.deliver(hourly, at("12:00:00"), at("12:00:05")).outcome).toBe("started");
    expect(history.deliver({ ...hourly, overlap: true }, at("13:00:00"), at("13:00:05")).outcome).toBe("started");
    const state = history.state;
    const soon = { now: at("13:01:00"), state, previous: "unknown" } as const;
    expect(decideTick(hourly, at("13:01:00"), soon).outcome).toBe("skipped: overlap");
    expect(decideTick(hourly, at("13:03:00"), { ...soon, now: at("13:03:00") }).outcome).toBe("started");
  });

  test("is skipped where the code or an override says off; an override that has ended says nothing", () => {
    const off = { ...hourly, enabled: false };
    const order = { schedule: "sweep", author: "mk", reason: "upstream is down", until: "2h" };
    const history = new History();
    expect(history.deliver(off, at("09:00:00"), at("09:00:05"))).toMatchObject({
      ...{ outcome: "skipped: off", why: "Declared off here." },
    });
    history.override = newOverride({ ...order, state: "off" }, at("09:30:00"));
    expect(history.deliver(hourly, at("10:00:00"), at("10:00:05"))).toMatchObject({
      outcome: "skipped: off",
      why: "Switched off by mk until 2026-01-05T11:30Z: upstream is down",
    });
    expect(history.deliver(hourly, at("12:00:00"), at("12:00:05")).outcome).toBe("started");
    history.override = newOverride({ ...order, state: "on" }, at("12:30:00"));
    expect(history.deliver(off, at("13:00:00"), at("13:00:05")).outcome).toBe("started");
  });
});

describe("after downtime", () => {
  test("run-once starts the newest missed tick once, whichever comes first and however often", () => {
    const history = new History();
    history.deliver(hourly, at("08:00:00"), at("08:00:05"));
    for (const late of ["10:00:00", "09:00:00", "12:00:00", "11:00:00", "12:00:00"])
      history.deliver(hourly, at(late), at("12:30:00"));
    expect([...history.begun.keys()]).toEqual([at("08:00:00"), at("12:00:00")].map((t) => startOf(hourly, t).name));
    expect(history.outcomes()).toEqual({
      ...{ "08:00": "started", "09:00": "skipped: misfire", "10:00": "skipped: misfire" },
      ...{ "11:00": "skipped: misfire", "12:00": "started" },
    });
  });

  test("a crash between the decision and the start is made up for by the next delivery of either tick", () => {
    const history = new History();
    history.deliver(hourly, at("08:00:00"), at("08:00:05"));
    const lost = history.deliver(hourly, at("10:00:00"), at("12:30:00"));
    for (const again of ["10:00:00", "12:00:00"])
      expect(history.deliver(hourly, at(again), at("12:31:00"))).toMatchObject({
        outcome: "duplicate",
        start: lost.start,
      });
  });

  test("skip starts nothing late, and the next tick in time", () => {
    const skipping: ScheduleDeclaration = { ...hourly, misfire: "skip" };
    const history = new History();
    history.deliver(skipping, at("08:00:00"), at("08:00:05"));
    history.deliver(skipping, at("09:00:00"), at("11:30:00"));
    history.deliver(skipping, at("12:00:00"), at("12:00:30"));
    expect(history.outcomes()).toEqual({
      ...{ "08:00": "started", "09:00": "skipped: misfire", "10:00": "skipped: misfire" },
      ...{ "11:00": "skipped: misfire", "12:00": "started" },
    });
  });

  test("a year of silence fits into one transaction", () => {
    const minutely = { ...hourly, expression: "cron(* * * * ? *)" };
    const history = new History();
    history.deliver(minutely, new Date("2025-01-05T00:00:00Z"), new Date("2025-01-05T00:00:01Z"));
    const { records, outcome } = history.deliver(minutely, at("10:00:00"), at("10:00:05"));
    expect(outcome).toBe("started");
    expect(records.length).toBeLessThan(99);
  });

  test("a changed expression does not miss ticks that it never had", () => {
    const history = new History();
    history.deliver(hourly, at("08:00:00"), at("08:00:05"));
    const { records } = history.deliver({ ...hourly, expression: "rate(5 minutes)" }, at("09:00:00"), at("09:00:05"));
    expect(records).toHaveLength(1);
  });
});

/** A delivery of the tick of minute `minute`, `delay` later; several of one tick are duplicates, in any order. */
const deliveries = fc.array(
  fc.record({
    minute: fc.nat(180),
    delay: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: -5_000, max: LATE_AFTER_MS }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 90 * MINUTE_MS }) },
    ),
  }),
  { minLength: 1, maxLength: 120 },
);
const start = at("00:00:00").getTime();
const setting = fc.record({
  runMs: fc.integer({ min: 1_000, max: 20 * MINUTE_MS }),
  every: fc.constantFrom(1, 5, 7, 30),
  misfire: fc.constantFrom("run-once", "skip"),
});

describe("any history of deliveries", () => {
  test("decides a tick once, starts it once, overlaps never, and starts late only as declared", () => {
    fc.assert(
      fc.property(deliveries, setting, (given, { runMs, every, misfire }) => {
        const declaration: ScheduleDeclaration = { ...hourly, misfire, expression: `cron(0/${every} * * * ? *)` };
        const history = new History(runMs);
        const due = given
          .filter(({ minute }) => (minute % 60) % every === 0)
          .map(({ minute, delay }) => ({ tick: start + minute * MINUTE_MS, now: start + minute * MINUTE_MS + delay }))
          .toSorted((a, b) => a.now - b.now);
        for (const { tick, now } of due) {
          const known = history.records.size;
          const running = history.running(now);
          const begun = history.begun.size;
          const { outcome, start: wanted } = history.deliver(declaration, new Date(tick), new Date(now));
          expect(history.records.has(tickTime(new Date(tick)))).toBe(true);
          if (outcome === "duplicate") expect(history.records.size).toBe(known);
          if (history.begun.size > begun) {
            expect(running).toEqual([]);
            const started = Date.parse(wanted?.input.scheduledTime ?? "");
            if (misfire === "skip") expect(now - started).toBeLessThanOrEqual(LATE_AFTER_MS);
            // Of what was missed only the newest runs.
            if (now - started > LATE_AFTER_MS)
              expect(now - started).toBeLessThan(every * 2 * MINUTE_MS + LATE_AFTER_MS);
          }
        }
        expect([...history.records.values()].filter(({ outcome }) => outcome === "started").length).toBe(
          history.begun.size,
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a tick every minute that always comes minutes late still runs, at worst as rarely as it is late", () => {
    const minutely = { ...hourly, expression: "cron(* * * * ? *)" };
    const [history, late] = [new History(1_000), 5 * MINUTE_MS];
    for (let minute = 0; minute < 60; minute += 1) {
      const tick = start + minute * MINUTE_MS;
      history.deliver(minutely, new Date(tick), new Date(tick + late));
      expect(tick + late - Math.max(...history.begun.values())).toBeLessThanOrEqual(late);
    }
  });
});
