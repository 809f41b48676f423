import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BACKFILL_OUTCOMES,
  fedBy,
  isSettled,
  newBackfill,
  ordered,
  outstanding,
  roomFor,
  settledBy,
  windowOf,
  type Backfill,
} from "./backfill.ts";
import { durationText, estimate } from "./estimate.ts";
import { progressOf } from "./progress.ts";

const made = (total: number): Backfill =>
  newBackfill({ id: "b", asset: "a", selection: "all", mode: "all", author: "ada", createdAt: 0, total });

const step = fc.oneof(
  fc.record({ kind: fc.constant("feed" as const), most: fc.nat({ max: 30 }) }),
  fc.record({ kind: fc.constant("end" as const), outcome: fc.constantFrom(...BACKFILL_OUTCOMES) }),
  fc.record({ kind: fc.constant("order" as const), order: fc.constantFrom("pause", "resume", "cancel") }),
);

describe("a backfill", () => {
  it("never has more outstanding than its window, counts every partition once, and stays over when it is", () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 12 }), fc.array(step), (total, slots, steps) => {
        let now: Backfill = made(total);
        for (const [at, one] of steps.entries()) {
          const before = now;
          const lines = one.kind === "feed" ? Math.min(one.most, roomFor(now, slots)) : 0;
          if (lines > 0) now = fedBy(now, lines, 10 * lines, at);
          else if (one.kind === "end" && outstanding(now) > 0) now = settledBy(now, [one.outcome], at);
          else if (one.kind === "order") {
            try {
              now = ordered(now, one.order, "ada", at);
            } catch (error) {
              expect(error).toMatchObject({ name: "Rejected", code: "backfill_over" });
            }
          }
          expect(outstanding(now)).toBeLessThanOrEqual(windowOf(slots));
          expect(now.fed).toBeLessThanOrEqual(total);
          if (before.state === "cancelled") expect(now).toMatchObject({ state: "cancelled", fed: before.fed });
          if (isSettled(before)) expect(now).toEqual(before);
          const { running, queued, waiting, ...outcomes } = progressOf(now, 3);
          const ends = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
          expect(running + queued + waiting + ends).toBe(total);
          expect(now.state === "finished").toBe(
            before.state === "finished" || (ends === total && now.state !== "cancelled"),
          );
        }
      }),
    );
  });

  it("that is told of an end before it has counted the request counts both, once", () => {
    const early = settledBy(made(2), ["succeeded"], 1);
    expect(progressOf(early, 0)).toMatchObject({ waiting: 1, queued: 0, running: 0, succeeded: 1 });
    expect(outstanding(fedBy(early, 1, 5, 2))).toBe(0);
    expect(settledBy(fedBy(early, 2, 5, 2), ["failed"], 9)).toMatchObject({ state: "finished", fed: 2, since: 9 });
  });

  it("fills the slots of its lane twice, and at least eight", () => {
    expect([1, 4, 5, 20].map(windowOf)).toEqual([8, 8, 10, 40]);
    expect(roomFor(made(100), 20)).toBe(40);
    expect(roomFor(ordered(made(100), "pause", "ada", 1), 20)).toBe(0);
  });
});

describe("an estimate", () => {
  it("is the median run, so many times, so many at once; or says that it does not know", () => {
    expect(estimate([], 30, 4)).toEqual({ sample: 0 });
    expect(estimate([1_000, 90_000, 2_000], 30, 4)).toEqual({ sample: 3, milliseconds: 16_000 });
    expect([500, 119_000, 600_000, 12_000_000, 864_000_000].map(durationText)).toEqual([
      ...["1 s", "119 s", "10 min", "3 h 20 min", "10 days"],
    ]);
  });
});
