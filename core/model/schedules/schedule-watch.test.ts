import { expect, test } from "vitest";
import type { ScheduleDeclaration } from "./declaration.ts";
import { watchSchedule, type WatchedSchedule } from "./schedule-watch.ts";

/** Every day at 4: the deadline is 36 hours after what was last heard. */
const daily: ScheduleDeclaration = {
  ...{ id: "nightly", domain: "openedx", job: "load", expression: "cron(0 4 * * ? *)", timeZone: "UTC" },
  ...{ misfire: "run-once", enabled: true, overlap: false },
};
const at = (day: number, hour: number): Date => new Date(Date.UTC(2026, 0, day, hour));

/** Looks every hour over these hours; gives what each look told. */
function looks(from: Date, hours: number, successes: readonly Date[]) {
  let known: WatchedSchedule | undefined;
  const told: string[] = [];
  for (let hour = 0; hour < hours; hour += 1) {
    const now = new Date(from.getTime() + hour * 3_600_000);
    const success = successes.findLast((one) => one <= now);
    const { next, news } = watchSchedule(daily, known, success?.toISOString(), now);
    known = next;
    if (news !== undefined) told.push(`${now.toISOString().slice(5, 16)} ${news.kind}`);
  }
  return told;
}

test("a silence is told once, when its deadline has passed, and its end once", () => {
  expect(looks(at(1, 0), 24 * 5, [at(1, 5), at(2, 5), at(5, 5)])).toEqual(["01-03T18:00 silent", "01-05T05:00 heard"]);
});

test("a schedule that never succeeds is told of, counted from the first look", () => {
  expect(looks(at(1, 4), 24 * 10, [])).toEqual(["01-02T17:00 silent"]);
  const now = at(2, 17);
  const known = { onSince: at(1, 4).toISOString(), silentSince: null };
  expect(watchSchedule(daily, known, undefined, now).news).toEqual({
    ...{ kind: "silent", deadline: at(2, 16).toISOString(), lastSeenAt: null, maxSilenceSeconds: 36 * 3_600 },
  });
});

test("a success that nobody looked at in time ends one silence and does not hide the next", () => {
  const known = { onSince: at(1, 0).toISOString(), silentSince: at(3, 17).toISOString() };
  const { news, next } = watchSchedule(daily, known, at(5, 5).toISOString(), at(9, 0));
  expect(news).toMatchObject({ kind: "silent", deadline: at(6, 17).toISOString() });
  expect(watchSchedule(daily, next, at(5, 5).toISOString(), at(9, 1)).news).toBeUndefined();
});

test("one that was switched on counts from then, whenever it last succeeded", () => {
  expect(watchSchedule(daily, undefined, at(1, 5).toISOString(), at(20, 0))).toEqual({
    next: { onSince: at(20, 0).toISOString(), silentSince: null },
  });
});
