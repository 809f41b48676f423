import fc from "fast-check";
import { expect, it } from "vitest";
import { World, type Happening } from "./item-world.ts";

const RUNS = Number(process.env["MILLRACE_HISTORIES"] ?? 600);

const delivery = fc.constantFrom("at once", "at once", "late", "twice", "lost");
const failureClass = fc.constantFrom(
  "Transient",
  "Conflict",
  "Rejected",
  "Malformed",
  "Misconfigured",
  "Throttled",
  "TypeError",
);
const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constant("succeeded" as const) },
  { weight: 2, arbitrary: failureClass },
  { weight: 1, arbitrary: fc.constant("interrupted" as const) },
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant("change" as const), upstream: fc.constantFrom("a", "b"), delivery }),
  fc.record({ kind: fc.constant("deploy" as const), delivery }),
  fc.record({ kind: fc.constant("start" as const), delivery }),
  fc.record({ kind: fc.constant("end" as const), outcome, delivery }),
  fc.record({ kind: fc.constant("arrive" as const), pick: fc.nat({ max: 20 }) }),
  fc.record({ kind: fc.constant("sweep" as const), upstream: fc.constantFrom("a", "b") }),
  fc.record({ kind: fc.constant("ask" as const), reason: fc.constantFrom("manual" as const, "backfill" as const) }),
  fc.record({ kind: fc.constant("evaluate" as const) }),
);
const histories = fc.array(happening, { maxLength: 60 });
/** Of all observers alike: their order of sightings holds. */
const skew = fc.integer({ min: -5_000, max: 5_000 });

/** What no history may do: World checks double runs on the way, and the rest is asked of its end. */
it("no history of duplicated, delayed, reordered and lost events loses an update, runs twice or goes on for ever", () => {
  fc.assert(
    fc.property(histories, skew, (happenings, skewMs) => {
      const world = new World(() => skewMs);
      for (const one of happenings) world.happen(one);
      world.settle();
      expect(world.outstanding()).toEqual([]);
      expect(world.lostUpdates()).toEqual([]);
      expect(world.wrongReRequests()).toEqual([]);
      world.deliverEverythingAgain();
      expect(world.outstanding()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

/** With clocks that contradict each other a version may be run again, but none is lost. */
it("no skew of clocks loses an update or goes on for ever", () => {
  const skews = fc.infiniteStream(fc.integer({ min: -3_600_000, max: 3_600_000 }));
  fc.assert(
    fc.property(histories, skews, (happenings, stream) => {
      const world = new World(() => stream.next().value ?? 0);
      for (const one of happenings) world.happen(one);
      world.settle();
      expect(world.lostUpdates()).toEqual([]);
      expect(world.wrongReRequests()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
