import { describe, expect, it } from "vitest";
import { dailyIn, keyProblem, type Partitioning } from "./partitioning.ts";
import { definePipeline, type Trigger } from "./pipeline.ts";

const pipeline = (partitioning: Partitioning, triggers: Trigger[] = []) =>
  definePipeline({
    ...{ domain: "courses", description: "Courses.", tasks: {}, triggers, lanes: [] },
    assets: [{ id: "a", description: "A.", partition: "part", partitioning, tables: [] }],
    jobs: { load: { description: "Loads.", exampleInput: {} } },
  });
const days = (from: string, timeZone = "America/New_York"): Partitioning => ({
  ...{ kind: "daily", from: { qa: from }, timeZone },
});
const tuple = (...dimensions: string[]): Partitioning => ({ kind: "tuple", dimensions });

describe("a declaration", () => {
  it.each([
    [days("2026-02-30"), /begins on "2026-02-30", which is no day of America\/New_York/],
    [days("15.1.2026"), /which is no day/],
    [days("2011-12-30", "Pacific/Apia"), /which is no day of Pacific\/Apia/],
    [days("2026-01-01", "Mars/Olympus"), /"Mars\/Olympus", which is no time zone/],
    [{ kind: "daily", from: {}, timeZone: "UTC" } as const, /days in no environment/],
    [tuple("course"), /fewer than two parts/],
    [tuple("course", "course"), /without a name of their own/],
    [tuple("course", ""), /without a name of their own/],
  ])("%j is refused", (partitioning, message) => {
    expect(() => pipeline(partitioning)).toThrow(message);
  });

  it("of tuples has no landing, whose keys are one text", () => {
    const landing: Trigger = {
      ...{ kind: "landing", id: "l", description: "L.", job: "load", prefix: "sources/l/", asset: "a" },
    };
    expect(() => pipeline(tuple("course", "source"), [landing])).toThrow(/trigger "l" has one text for a partition/);
    expect(() => pipeline(days("2026-01-01"), [landing])).not.toThrow();
  });

  it("of days counts where it says from when", () => {
    const declared = [pipeline(days("2026-01-01")), pipeline(tuple("course", "source")), pipeline({ kind: "dynamic" })];
    expect(dailyIn("qa", declared)).toEqual([{ asset: "a", start: "2026-01-01", timeZone: "America/New_York" }]);
    expect(dailyIn("production", declared)).toEqual([]);
  });
});

it.each([
  [{ kind: "dynamic" } as const, "a|b", undefined],
  [{ kind: "dynamic" } as const, "", "it is empty"],
  [days("2026-01-01"), "2026-01-02", undefined],
  [days("2026-01-01"), "2026-02-30", "it is no day of America/New_York, written YYYY-MM-DD"],
  [days("2026-01-01"), "logs/2026-01-02", "it is no day of America/New_York, written YYYY-MM-DD"],
  [tuple("course", "source"), "a|b", undefined],
  [tuple("course", "source"), "a%7Cb|c", undefined],
  [tuple("course", "source"), "a", "it is no key of 2 parts"],
  [tuple("course", "source"), "a|b|c", "it is no key of 2 parts"],
  [tuple("course", "source"), "a|", "it is empty"],
])("of %j, %j: %s", (partitioning, key, problem) => {
  expect(keyProblem(partitioning, key)).toBe(problem);
});
