import { readFileSync } from "node:fs";
import jsonata from "jsonata";
import { describe, expect, test } from "vitest";
import { definePipeline, type Pipeline, type ScheduleTrigger } from "../pipeline.ts";
import { declarationOf, ScheduleDeclaration, startOf, TickStart } from "./declaration.ts";
import { inForce, newOverride } from "./override.ts";
import { previewTicks } from "./preview.ts";
import { refuseSharedSchedules } from "./problems.ts";
import { silenceOf } from "./silence.ts";

const now = new Date("2026-03-28T12:00:00Z");
const trigger: ScheduleTrigger = {
  ...{ kind: "schedule", id: "nightly", description: "Every night.", job: "load", misfire: "run-once" },
  ...{ expression: "cron(30 2 * * ? *)", timeZone: "Europe/Berlin", environments: ["dev", "production"] },
};
const nightly = declarationOf("openedx", trigger, { name: "dev", schedules: true });

describe("a declaration", () => {
  test("is on where the code names the environment and the environment has schedules", () => {
    const enabled = (name: "dev" | "qa", schedules: boolean): boolean =>
      declarationOf("openedx", trigger, { name, schedules }).enabled;
    expect([enabled("dev", true), enabled("dev", false), enabled("qa", true)]).toEqual([true, false, false]);
    expect(ScheduleDeclaration.parse(JSON.parse(JSON.stringify(nightly)))).toEqual(nightly);
  });

  test("adds its input to that of its runs, which cannot hide what a run is told of its start", () => {
    const own = { ...trigger, input: { deployment: "xpro", job: "other" } };
    const declared = declarationOf("openedx", own, { name: "dev", schedules: true });
    expect(ScheduleDeclaration.parse(JSON.parse(JSON.stringify(declared)))).toEqual(declared);
    const { input } = startOf(declared, now);
    expect(input).toEqual({
      deployment: "xpro",
      job: "load",
      trigger: "nightly",
      scheduledTime: "2026-03-28T12:00:00Z",
    });
    expect(TickStart.shape.input.parse(input)).toEqual(input);
  });

  test.each(["nightly", "a_schedule_with_a_name_that_is_far_too_long_to_stay_readable_in_a_run"])(
    "names the runs of %s as the starter does",
    async (id) => {
      const starter = JSON.parse(readFileSync("lib/constructs/starter.asl.json", "utf8"));
      const text = (expression: string): string => expression.slice(2, -2);
      const tick = starter.States.Kind.Choices.find((one: { Condition: string }) =>
        one.Condition.includes("scheduledTime"),
      );
      const input = { domain: "openedx", trigger: id, job: "load", scheduledTime: "2026-03-28T01:30:00Z" };
      const states = { states: { input } };
      const [subject, identity] = await Promise.all(
        [tick.Assign.subject, tick.Assign.identity].map((one) => jsonata(text(one)).evaluate({}, states)),
      );
      const naming = jsonata(text(starter.States.Name.Assign.name));
      const { createHash } = await import("node:crypto");
      const hash = (value: string): string => createHash("sha256").update(value).digest("hex");
      const name: unknown = await naming.evaluate({}, { ...states, subject, identity, hash });
      expect(startOf({ ...nightly, id }, new Date(input.scheduledTime)).name).toBe(name);
    },
  );
});

describe("an override", () => {
  const given = { schedule: "nightly", state: "off", author: "mk", reason: "moving house", until: "7d" } as const;
  test("lasts until its end", () => {
    const made = newOverride(given, now);
    expect(made).toMatchObject({ until: "2026-04-04T12:00:00.000Z", setAt: now.toISOString() });
    expect(inForce(made, new Date("2026-04-04T11:59:59Z"))).toBe(made);
    expect(inForce(made, new Date("2026-04-04T12:00:00Z"))).toBeUndefined();
    expect(newOverride({ ...given, until: "2026-04-01T10:00" }, now).until).toBe("2026-04-01T10:00:00.000Z");
    expect(newOverride({ ...given, until: "2026-04-01" }, now).until).toBe("2026-04-01T00:00:00.000Z");
    expect(newOverride({ ...given, until: "2026-04-01T10:00+02:00" }, now).until).toBe("2026-04-01T08:00:00.000Z");
    expect(newOverride({ ...given, until: "90d" }, now).until).toBe("2026-06-26T12:00:00.000Z");
  });

  test.each([
    [{ author: "" }, /no author/],
    [{ author: undefined }, /no author/],
    [{ reason: "  " }, /no reason/],
    [{ until: undefined }, /no end/],
    [{ until: "soon" }, /no time/],
    [{ until: "2026-13-01" }, /no time/],
    [{ until: "2026-03-28T11:00Z" }, /before it begins/],
    [{ until: "91d" }, /longer than 90 days/],
    [{ reason: "x".repeat(501) }, /not understood/],
  ])("with %j is refused", (wrong, reason) => {
    expect(() => newOverride({ ...given, ...wrong }, now)).toThrow(reason);
  });
});

describe("a preview", () => {
  const usual = { now, count: 3, anchor: now, previous: "ended" } as const;
  test("shows the schedule's zone and UTC, and leaves out the hour that is skipped", () => {
    expect(previewTicks(nightly, usual).map((one) => [one.scheduledTime, one.local, one.outcome])).toEqual([
      ["2026-03-30T00:30:00Z", "2026-03-30 02:30 +02:00", "started"],
      ["2026-03-31T00:30:00Z", "2026-03-31 02:30 +02:00", "started"],
      ["2026-04-01T00:30:00Z", "2026-04-01 02:30 +02:00", "started"],
    ]);
    expect(previewTicks({ ...nightly, timeZone: "America/St_Johns" }, usual)[0]?.local).toBe("2026-03-29 02:30 -02:30");
  });

  test("says what an override skips, and from when on it does not", () => {
    const override = newOverride({ schedule: "nightly", state: "off", author: "mk", reason: "x", until: "3d" }, now);
    expect(previewTicks(nightly, { ...usual, override }).map(({ outcome }) => outcome)).toEqual([
      ...["skipped: off", "skipped: off", "started"],
    ]);
  });
});

describe("silence", () => {
  const weekdays = { ...nightly, expression: "cron(0 4 ? * MON-FRI *)", timeZone: "UTC" };
  const deadline = (since: string, declaration = weekdays): string | null =>
    silenceOf(declaration, new Date(since), now).deadline;
  test("is one and a half times the gap that follows, so that a weekend is no alarm", () => {
    expect(deadline("2026-03-26T04:00:00Z")).toBe("2026-03-27T16:00:00.000Z");
    expect(deadline("2026-03-27T04:00:00Z")).toBe("2026-03-31T16:00:00.000Z");
  });
  test("is what the declaration says, and counts from when the schedule was switched on", () => {
    expect(deadline("2026-03-27T04:00:00Z", { ...weekdays, maximumSilenceHours: 30 })).toBe("2026-03-28T10:00:00.000Z");
    expect(deadline("2026-03-25T12:00:00Z")).toBe("2026-03-27T00:00:00.000Z");
    const byNoon = { ...weekdays, endsWithinHours: 8 };
    expect(deadline("2026-03-26T05:10:00Z", byNoon)).toBe("2026-03-27T12:00:00.000Z");
    // Late, and yet the next one is due as usual.
    expect(deadline("2026-03-26T23:10:00Z", byNoon)).toBe("2026-03-27T12:00:00.000Z");
    expect(silenceOf(weekdays, new Date("2026-03-26T04:00:00Z"), now).passed).toBe(true);
    expect(silenceOf(weekdays, new Date("2026-03-27T04:00:00Z"), now).passed).toBe(false);
    expect(deadline("2026-03-27T04:00:00Z", { ...weekdays, expression: "at(2026-03-01T00:00:00)" })).toBeNull();
  });
});

describe("the build refuses a schedule", () => {
  const pipeline = (id: string, schedule: Partial<ScheduleTrigger>): Pipeline => ({
    ...{ domain: id, description: "", jobs: { load: { description: "", exampleInput: {} } }, tasks: {} },
    ...{ triggers: [{ ...trigger, ...schedule }], assets: [], lanes: [] },
  });
  test.each([
    [{ environments: [] }, /declared for no environment/],
    [{ timeZone: "Europe/Berlim" }, /"nightly": "Europe\/Berlim" is no name of the time zone database/],
    [{ expression: "cron(0 0 31 4 ? *)" }, /never fires/],
    [{ expression: "cron(61 0 * * ? *)" }, /no value of minutes/],
  ])("%j", (schedule, reason) => {
    expect(() => definePipeline(pipeline("openedx", schedule))).toThrow(reason);
  });
  test("whose id another domain has", () => {
    const [one, two, three] = [pipeline("a", {}), pipeline("b", {}), pipeline("c", { id: "other" })];
    expect(() => refuseSharedSchedules([one, three])).not.toThrow();
    expect(() => refuseSharedSchedules([one, two])).toThrow('"nightly" is declared by a and by b');
  });
});
