import { Cron } from "croner";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSchedule } from "./expression.ts";
import { ticksBetween, tickTime } from "./ticks.ts";
import { isTimeZone, wallTime } from "./zoned-time.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const anchor = new Date("2026-01-01T00:00:30Z");
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const between = (expression: string, zone: string, from: Date, until: Date): Date[] =>
  ticksBetween(parseSchedule(expression, zone, anchor), from, until, 100_000);

/** Days on which the clocks of 2026 change; Lord Howe's by half an hour, Casablanca's for Ramadan, Kolkata's never. */
const CHANGES: readonly (readonly [zone: string, day: string, skipped: number, repeated: number])[] = [
  ["Europe/Berlin", "2026-03-29", 60, 0],
  ["Europe/Berlin", "2026-10-25", 0, 60],
  ["America/New_York", "2026-03-08", 60, 0],
  ["America/New_York", "2026-11-01", 0, 60],
  ["Australia/Lord_Howe", "2026-10-03", 30, 0],
  ["Australia/Lord_Howe", "2026-04-04", 0, 30],
  ["Africa/Casablanca", "2026-02-15", 0, 60],
  ["Asia/Kolkata", "2026-03-29", 0, 0],
];

describe("where the clocks change", () => {
  test.each(CHANGES)("%s, %s: every local minute that exists has one tick", (zone, date, skipped, repeated) => {
    const [from, until] = [new Date(day(date).getTime() - DAY_MS / 4), new Date(day(date).getTime() + DAY_MS)];
    const ticks = between("cron(* * * * ? *)", zone, from, until);
    const walls = ticks.map((tick) => wallTime(tick.getTime(), zone));
    expect(new Set(walls).size).toBe(walls.length);
    expect(walls).toEqual(walls.toSorted((a, b) => a - b));
    // Without those of the second time round.
    expect(ticks.length).toBe((until.getTime() - from.getTime()) / MINUTE_MS - repeated);
    const shown = (walls.at(-1) ?? 0) - (walls[0] ?? 0);
    expect(shown / MINUTE_MS + 1 - walls.length).toBe(skipped);
  });

  test.each(CHANGES)("%s, %s: a daily tick is missing only when its local time is", (zone, date) => {
    const [from, until] = [new Date(day(date).getTime() - 3 * DAY_MS), new Date(day(date).getTime() + 3 * DAY_MS)];
    const exists = new Set(
      Array.from({ length: (6 * DAY_MS) / MINUTE_MS }, (_, index) =>
        wallTime(from.getTime() + (index + 1) * MINUTE_MS, zone),
      ),
    );
    fc.assert(
      fc.property(fc.nat(23), fc.nat(59), (hour, minute) => {
        const ticks = between(`cron(${minute} ${hour} * * ? *)`, zone, from, until);
        const local = hour * 60 + minute;
        const expected = [...exists].filter((wall) => (wall % DAY_MS) / MINUTE_MS === local);
        // The wall time of the first minute may be the second time that the clock shows it.
        const walls = ticks.map((tick) => wallTime(tick.getTime(), zone));
        expect(walls).toEqual(expected.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  test("as Scheduler documents it", () => {
    const la = (from: string, until: string): string[] =>
      between("cron(30 2 * * ? *)", "America/Los_Angeles", day(from), day(until)).map(tickTime);
    expect(la("2026-03-07", "2026-03-10")).toEqual(["2026-03-07T10:30:00Z", "2026-03-09T09:30:00Z"]);
    const berlin = between("cron(30 2 * * ? *)", "Europe/Berlin", day("2026-10-24"), day("2026-10-27")).map(tickTime);
    expect(berlin).toEqual(["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    expect(between("rate(1 day)", "Europe/Berlin", day("2026-10-24"), day("2026-10-27")).map(tickTime)).toEqual([
      "2026-10-24T00:00:30Z",
      "2026-10-25T00:00:30Z",
      "2026-10-26T00:00:30Z",
    ]);
  });
});

const field = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min, max }).map(String),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min: 1, max })).map(([from, step]) => `${from}-${max}/${step}`),
  );
const DAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const dayFields = fc.oneof(
  fc
    .oneof(
      field(1, 31),
      fc.constant("L"),
      fc.integer({ min: 1, max: 28 }).map((n) => `${n}W`),
    )
    .map((dom) => [dom, "?"]),
  fc.constantFrom(...DAY_NAMES).map((dow) => ["?", dow]),
  fc.tuple(fc.constantFrom(...DAY_NAMES), fc.integer({ min: 1, max: 4 })).map(([dow, n]) => ["?", `${dow}#${n}`]),
);
const cron = fc.record({ minute: field(0, 59), hour: field(0, 23), month: field(1, 12), days: dayFields });
const moment = fc.date({ min: day("2020-01-01"), max: day("2035-01-01"), noInvalidDate: true });

describe("any expression", () => {
  test("has the ticks that another implementation of cron finds in UTC", () => {
    fc.assert(
      fc.property(cron, moment, ({ minute, hour, month, days: [dom = "", dow = ""] }, after) => {
        const ours = parseSchedule(`cron(${minute} ${hour} ${dom} ${month} ${dow} *)`, "UTC", anchor);
        const theirs = new Cron(`0 ${minute} ${hour} ${dom.replace("?", "*")} ${month} ${dow.replace("?", "*")}`, {
          timezone: "UTC",
          paused: true,
        });
        expect(ours.next(after)?.toISOString()).toBe(theirs.nextRun(after)?.toISOString());
      }),
      { numRuns: 300 },
    );
  });

  test("goes back the way it came, in any zone", () => {
    const zones = fc.constantFrom(...new Set(CHANGES.map(([zone]) => zone)), "UTC");
    fc.assert(
      fc.property(cron, zones, moment, ({ minute, hour, month, days: [dom = "", dow = ""] }, zone, after) => {
        const ticks = parseSchedule(`cron(${minute} ${hour} ${dom} ${month} ${dow} *)`, zone, anchor);
        const next = ticks.next(after);
        if (next === undefined) return;
        expect(next > after).toBe(true);
        expect(ticks.latest(next)).toEqual(next);
        const before = ticks.latest(new Date(next.getTime() - 1));
        expect(before === undefined || before <= after).toBe(true);
        if (before !== undefined) expect(ticks.next(before)).toEqual(next);
      }),
      { numRuns: 200 },
    );
  });
});

test.each([
  ["cron(20 0/4 * * ? *)", "2026-01-01T00:00:00Z", ["2026-01-01T00:20:00Z", "2026-01-01T04:20:00Z"]],
  ["cron(0 4 ? * 2-6 *)", "2026-01-02T00:00:00Z", ["2026-01-02T04:00:00Z", "2026-01-05T04:00:00Z"]],
  ["cron(0 4 ? * 1 *)", "2026-01-02T00:00:00Z", ["2026-01-04T04:00:00Z", "2026-01-11T04:00:00Z"]],
  ["cron(0 4 ? * L *)", "2026-01-02T00:00:00Z", ["2026-01-03T04:00:00Z", "2026-01-10T04:00:00Z"]],
  ["cron(0 4 ? * 6L *)", "2026-01-02T00:00:00Z", ["2026-01-30T04:00:00Z", "2026-02-27T04:00:00Z"]],
  ["cron(0 4 ? * 6#2 *)", "2026-01-02T00:00:00Z", ["2026-01-09T04:00:00Z", "2026-02-13T04:00:00Z"]],
  ["cron(0 4 L * ? *)", "2026-01-02T00:00:00Z", ["2026-01-31T04:00:00Z", "2026-02-28T04:00:00Z"]],
  ["cron(0 4 31W * ? *)", "2026-01-02T00:00:00Z", ["2026-01-30T04:00:00Z", "2026-03-31T04:00:00Z"]],
  ["cron(0 4 1 jan ? 2027)", "2026-01-02T00:00:00Z", ["2027-01-01T04:00:00Z"]],
  ["rate(5 minutes)", "2026-01-01T00:03:00Z", ["2026-01-01T00:05:30Z", "2026-01-01T00:10:30Z"]],
  ["at(2026-03-01T10:00:00)", "2026-01-01T00:00:00Z", ["2026-03-01T10:00:00Z"]],
])("%s", (expression, from, expected) => {
  const ticks = parseSchedule(expression, "UTC", anchor);
  expect(ticksBetween(ticks, new Date(from), day("2100-01-01"), 2).map(tickTime)).toEqual(expected);
});

test.each([
  ["5 minutes", /is no schedule/],
  ["cron(0 4 * * ?)", /six fields/],
  ["cron(0 4 * * * *)", /day-of-month and day-of-week/],
  ["cron(0 4 ? * ? *)", /day-of-month and day-of-week/],
  ["cron(60 4 * * ? *)", /"60" is no value of minutes/],
  ["cron(0 22-2 * * ? *)", /"22-2" is no value of hours/],
  ["cron(0 4 ? * 1#6 *)", /no value of day-of-week/],
  ["cron(0 4 ? * 3#1,6#3 *)", /no value of day-of-week/],
  ["cron(0 4 ? * MON/2 *)", /no steps/],
  ["cron(0 4 * * ? 1969)", /no value of year/],
  ["rate(0 minutes)", /positive number/],
  ["rate(5 weeks)", /positive number/],
  ["at(tomorrow)", /yyyy-mm-dd/],
])("%s is refused", (expression, reason) => {
  expect(() => parseSchedule(expression, "UTC", anchor)).toThrow(reason);
});

test("time zones are names of the database, in its spelling", () => {
  expect(["UTC", "Europe/Berlin", "US/Eastern", "Etc/GMT+5"].filter((zone) => !isTimeZone(zone))).toEqual([]);
  expect(["Europe/berlin", "utc", "+05:30", "Mars/Base", ""].filter(isTimeZone)).toEqual([]);
  expect(() => parseSchedule("rate(1 day)", "Mars/Base", anchor)).toThrow(/time zone database/);
});

test("an expression that never comes is found out", () => {
  expect(parseSchedule("cron(0 0 30 2 ? *)", "UTC", anchor).next(day("1970-01-01"))).toBeUndefined();
  expect(parseSchedule("cron(0 0 30 2 ? *)", "UTC", anchor).latest(day("2100-01-01"))).toBeUndefined();
  expect(parseSchedule("cron(30 2 29 3 ? 2026)", "Europe/Berlin", anchor).next(day("1970-01-01"))).toBeUndefined();
});
