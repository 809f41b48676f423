import { describe, expect, test } from "vitest";
import { parseSchedule } from "./expression.ts";

const anchor = new Date("2026-01-01T00:00:30Z");
function ticks(expression: string, from: string, count: number, timeZone = "UTC"): string[] {
  const schedule = parseSchedule(expression, timeZone, anchor);
  const found: string[] = [];
  let after = new Date(from);
  for (let index = 0; index < count; index += 1) {
    const next = schedule.next(after);
    if (next === undefined) break;
    found.push(next.toISOString());
    after = next;
  }
  return found;
}

describe("schedule expressions", () => {
  test.each([
    ["cron(20 0/4 * * ? *)", "2026-01-01T00:00:00Z", ["2026-01-01T00:20:00.000Z", "2026-01-01T04:20:00.000Z"]],
    ["cron(0 4 ? * 2-6 *)", "2026-01-02T00:00:00Z", ["2026-01-02T04:00:00.000Z", "2026-01-05T04:00:00.000Z"]],
    ["cron(0 4 ? * 1 *)", "2026-01-02T00:00:00Z", ["2026-01-04T04:00:00.000Z", "2026-01-11T04:00:00.000Z"]],
    ["cron(0 4 ? * 6L *)", "2026-01-02T00:00:00Z", ["2026-01-30T04:00:00.000Z", "2026-02-27T04:00:00.000Z"]],
    ["cron(0 4 ? * 6#2 *)", "2026-01-02T00:00:00Z", ["2026-01-09T04:00:00.000Z", "2026-02-13T04:00:00.000Z"]],
    ["cron(0 4 L * ? *)", "2026-01-02T00:00:00Z", ["2026-01-31T04:00:00.000Z", "2026-02-28T04:00:00.000Z"]],
    ["cron(0 4 1 1 ? 2027)", "2026-01-02T00:00:00Z", ["2027-01-01T04:00:00.000Z"]],
    ["rate(5 minutes)", "2026-01-01T00:03:00Z", ["2026-01-01T00:05:30.000Z", "2026-01-01T00:10:30.000Z"]],
    ["rate(1 day)", "2026-01-01T00:03:00Z", ["2026-01-02T00:00:30.000Z", "2026-01-03T00:00:30.000Z"]],
    ["at(2026-03-01T10:00:00)", "2026-01-01T00:00:00Z", ["2026-03-01T10:00:00.000Z"]],
  ])("%s", (expression, from, expected) => {
    expect(ticks(expression, from, 2)).toEqual(expected);
  });

  test("a local time that daylight saving skips has no tick, one that it repeats has one", () => {
    expect(ticks("cron(30 2 * * ? *)", "2026-03-07T12:00:00Z", 2, "America/New_York")).toEqual([
      "2026-03-09T06:30:00.000Z",
      "2026-03-10T06:30:00.000Z",
    ]);
    expect(ticks("cron(30 1 * * ? *)", "2026-10-31T12:00:00Z", 2, "America/New_York")).toEqual([
      "2026-11-01T05:30:00.000Z",
      "2026-11-02T06:30:00.000Z",
    ]);
  });

  test.each(["5 minutes", "cron(0 4 * * ?)", "rate(0 minutes)", "rate(5 weeks)"])("%s is refused", (expression) => {
    expect(() => parseSchedule(expression, "UTC", anchor)).toThrow(/is no schedule/);
  });
});
