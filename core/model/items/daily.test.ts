import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayOf, daysUntil, windowOf } from "./daily.ts";

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const zone = fc.constantFrom(
  "UTC",
  "America/New_York",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Pacific/Apia",
  "Pacific/Kiritimati",
  "Asia/Kathmandu",
);
const instant = fc.integer({ min: at("1990-01-01T00:00:00Z"), max: at("2030-01-01T00:00:00Z") });

describe("daily partitions", () => {
  it("begin and end at local midnight, also where the clocks change", () => {
    const hours = (day: string, timeZone: string): number => {
      const { start, end } = windowOf(day, timeZone);
      return (end - start) / HOUR;
    };
    expect(windowOf("2026-01-15", "America/New_York").start).toBe(at("2026-01-15T05:00:00Z"));
    expect(hours("2026-03-08", "America/New_York")).toBe(23);
    expect(hours("2026-11-01", "America/New_York")).toBe(25);
    // Midnight itself was skipped: the day began at one o'clock.
    expect(windowOf("2018-11-04", "America/Sao_Paulo").start).toBe(at("2018-11-04T03:00:00Z"));
    expect(hours("2018-11-04", "America/Sao_Paulo")).toBe(23);
    expect(hours("2011-12-30", "Pacific/Apia")).toBe(0);
  });

  it("exist once their day is over, without days that the zone skipped", () => {
    const days = (start: string, timeZone: string, now: string): string[] => [
      ...daysUntil({ start, timeZone }, at(now)),
    ];
    expect(days("2026-01-13", "UTC", "2026-01-15T00:00:00Z")).toEqual(["2026-01-13", "2026-01-14"]);
    expect(days("2026-01-13", "UTC", "2026-01-14T23:59:59.999Z")).toEqual(["2026-01-13"]);
    expect(days("2026-01-14", "America/New_York", "2026-01-15T04:59:59Z")).toEqual([]);
    expect(days("2026-01-14", "America/New_York", "2026-01-15T05:00:00Z")).toEqual(["2026-01-14"]);
    expect(days("2011-12-29", "Pacific/Apia", "2012-01-01T00:00:00Z")).toEqual(["2011-12-29", "2011-12-31"]);
    expect(days("2016-01-01", "America/New_York", "2026-01-01T12:00:00Z")).toHaveLength(3_653);
    expect(days("2027-01-01", "UTC", "2026-01-01T12:00:00Z")).toEqual([]);
  });

  it("leave no instant between two days, and put each into its own", () => {
    fc.assert(
      fc.property(instant, zone, (moment, timeZone) => {
        const day = dayOf(moment, timeZone);
        const { start, end } = windowOf(day, timeZone);
        const next = new Date(at(`${day}T00:00:00Z`) + 24 * HOUR).toISOString().slice(0, 10);
        expect(windowOf(next, timeZone).start).toBe(end);
        // Newfoundland's clocks once went back across midnight, a minute after it.
        expect(moment).toBeGreaterThanOrEqual(start - 61 * 60_000);
        expect(moment).toBeLessThan(end + 61 * 60_000);
        if (timeZone !== "America/St_Johns") expect(start <= moment && moment < end).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each(["2026-02-30", "2026-1-5", "yesterday", "2026-01-15T00:00:00Z"])("%j is no day", (day) => {
    expect(() => windowOf(day, "UTC")).toThrow(expect.objectContaining({ name: "Malformed", code: "day_invalid" }));
  });

  it("need a time zone that exists", () => {
    expect(() => dayOf(0, "Mars/Olympus")).toThrow(
      expect.objectContaining({ name: "Misconfigured", code: "time_zone_unknown" }),
    );
  });
});
