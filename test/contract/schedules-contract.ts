import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../core/io/ports.ts";
import { openSchedules, type Schedules } from "../../core/io/schedules.ts";
import type { ScheduleDeclaration } from "../../core/model/schedules/declaration.ts";
import { newOverride } from "../../core/model/schedules/override.ts";
import type { RunStatus } from "../../core/model/schedules/tick-record.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

// The ledger hides by its own clock what has expired: these times are far ahead of it.
const at = (time: string): Date => new Date(`2090-01-05T${time}Z`);
const declared = (id: string): ScheduleDeclaration => ({
  ...{ id, domain: "lakehouse", job: "build", expression: "cron(0 * * * ? *)", timeZone: "UTC" },
  ...{ misfire: "run-once", enabled: true, overlap: false },
});
const is = (status: RunStatus) => async (): Promise<RunStatus> => status;

/** Schedules on a ledger: what is decided is decided once, whoever decides and however often. */
export function schedulesContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("schedules", home), () => {
    let opened: Opened<Ledger>;
    let schedules: Schedules;
    beforeAll(async () => {
      opened = await home.open();
      schedules = openSchedules(opened.port);
    });
    afterAll(() => opened?.close());

    it("keeps one override per schedule until it is cleared", async () => {
      const given = { schedule: "swept", author: "mk", reason: "upstream is down", until: "2h" };
      const [off, on] = [
        newOverride({ ...given, state: "off" }, at("10:00:00")),
        newOverride({ ...given, state: "on" }, at("10:05:00")),
      ];
      expect(await schedules.override("swept")).toBeUndefined();
      await schedules.setOverride(off);
      await schedules.setOverride({ ...off, schedule: "other" });
      expect(await schedules.override("swept")).toEqual(off);
      await schedules.setOverride(on);
      expect(await schedules.overrides()).toEqual([{ ...off, schedule: "other" }, on]);
      for (const id of ["swept", "other", "never-set"]) await schedules.clearOverride(id);
      expect(await schedules.overrides()).toEqual([]);
    });

    it("decides a tick once, whoever comes at the same moment", async () => {
      const now = at("10:00:05");
      const decide = () => schedules.decide(declared("once"), at("10:00:00"), { now, status: is("unknown") });
      const decisions = await Promise.all(Array.from({ length: 4 }, decide));
      expect(decisions.map(({ outcome }) => outcome).toSorted()).toEqual([
        ...["duplicate", "duplicate", "duplicate", "started"],
      ]);
      expect(new Set(decisions.map(({ start }) => start?.name)).size).toBe(1);
      expect((await schedules.ticks("once")).ticks).toMatchObject([
        { outcome: "started", decidedAt: now.toISOString() },
      ]);
    });

    it("starts one of two ticks that are decided at the same moment", async () => {
      const both = await Promise.all(
        ["10:00:00", "10:01:00"].map((tick) =>
          schedules.decide({ ...declared("two"), expression: "cron(* * * * ? *)" }, at(tick), {
            ...{ now: at("10:01:05"), status: is("unknown") },
          }),
        ),
      );
      expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(["skipped: overlap", "started"]);
    });

    it("asks for the run before, obeys the override, and lists ticks newest first by page", async () => {
      const one = declared("listed");
      const asked: string[] = [];
      const status = async ({ name }: { readonly name: string }): Promise<RunStatus> => {
        asked.push(name);
        return "running";
      };
      const first = await schedules.decide(one, at("01:00:00"), { now: at("01:00:05"), status });
      await schedules.decide(one, at("02:00:00"), { now: at("02:00:05"), status });
      expect(asked).toEqual([first.start?.name]);
      const until = { schedule: "listed", author: "mk", reason: "quiet", until: "1h", state: "off" } as const;
      await schedules.setOverride(newOverride(until, at("02:30:00")));
      await schedules.decide(one, at("03:00:00"), { now: at("03:00:05"), status: is("ended") });
      const late = await schedules.decide(one, at("05:00:00"), { now: at("06:30:00"), status: is("ended") });
      expect(late.start?.input.scheduledTime).toBe("2090-01-05T06:00:00Z");
      const page = await schedules.ticks("listed", { limit: 4 });
      const rest = await schedules.ticks("listed", { limit: 4, after: page.next });
      expect(
        [...page.ticks, ...rest.ticks].map((tick) => `${tick.scheduledTime.slice(11, 16)} ${tick.outcome}`),
      ).toEqual([
        "06:00 started",
        "05:00 skipped: misfire",
        "04:00 skipped: misfire",
        "03:00 skipped: off",
        "02:00 skipped: overlap",
        "01:00 started",
      ]);
      expect(await schedules.state("listed")).toMatchObject({
        newest: "2090-01-05T06:00:00Z",
        started: { start: late.start },
      });
    });

    it("keeps a tick for 400 days", async () => {
      await schedules.decide(declared("kept"), at("01:00:00"), { now: at("01:00:05"), status: is("ended") });
      const item = await opened.port.get("schedule-tick#kept", "2090-01-05T01:00:00Z");
      expect(item?.expiresAt).toBe(Math.floor(at("01:00:05").getTime() / 1000) + 400 * 86_400);
    });
  });
}
