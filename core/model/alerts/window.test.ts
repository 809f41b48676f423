import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintKey, stableUuid, subjectKey } from "./fingerprint.ts";
import { arrive, byPipeline, calm } from "./storm.ts";
import { failed, freshSubject, succeeded } from "./subject.ts";
import {
  CLAIM_MS,
  WINDOW_MS,
  acceptedBy,
  claimed,
  decide,
  freshWindow,
  isOpen,
  released,
  suppressedBefore,
  withEvent,
  type Claim,
} from "./window.ts";

const fingerprint = { environment: "qa", pipeline: "p", step: "s", class: "Rejected", errorName: "e" };

/** What may happen to one fingerprint, in any order: senders come, are slow, fail, die, and time goes on. */
const step = fc.oneof(
  fc.record({ do: fc.constant("event" as const) }),
  fc.record({ do: fc.constant("try" as const), sender: fc.nat(4) }),
  fc.record({ do: fc.constantFrom("accept" as const, "fail" as const, "die" as const), sender: fc.nat(4) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 1_000, CLAIM_MS, WINDOW_MS - 1, WINDOW_MS) }),
);

describe("the window of one fingerprint", () => {
  it("lets Slack hear of every event once and of none too often, whatever senders do", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let window = freshWindow(fingerprint);
        let now = 1_000_000;
        let spokenFor = 0;
        let last = Number.NEGATIVE_INFINITY;
        const holds = new Map<number, Claim>();
        for (const one of steps) {
          if (one.do === "event") window = withEvent(window);
          if (one.do === "pass") now += one.ms;
          if (one.do === "try" && window.count > 0 && !holds.has(one.sender)) {
            const holder = `${one.sender}`;
            if (decide(window, window.count, holder, now).do !== "send") continue;
            window = claimed(window, holder, now);
            holds.set(one.sender, window.claim ?? { holder, until: 0, upTo: 0 });
          }
          if (!("sender" in one) || one.do === "try") continue;
          const claim = holds.get(one.sender);
          holds.delete(one.sender);
          if (claim === undefined || one.do === "die") continue;
          if (one.do === "fail") window = released(window, claim.holder);
          // A call to Slack ends long before its claim does: a later answer is none.
          if (one.do !== "accept" || now >= claim.until) continue;
          spokenFor += 1 + suppressedBefore(window, claim);
          window = acceptedBy(window, claim, null, now);
          expect(now - last).toBeGreaterThanOrEqual(WINDOW_MS);
          last = now;
          expect(isOpen(window, now)).toBe(true);
          expect(window.accepted).toBe(spokenFor);
        }
        expect(window.accepted).toBeLessThanOrEqual(window.count);
        // When everybody is gone and time has passed, what is left is told with the next event.
        const next = withEvent(window);
        const later = now + WINDOW_MS + CLAIM_MS;
        expect(decide(next, next.count, "last", later)).toEqual({ do: "send" });
        const { claim } = claimed({ ...next, claim: null }, "last", later);
        expect(suppressedBefore(next, claim)).toBe(next.count - next.accepted - 1);
      }),
      { numRuns: 500 },
    );
  });

  it("makes another attempt at the same event wait, and lets a later event go", () => {
    const window = claimed(withEvent(freshWindow(fingerprint)), "one", 1_000);
    expect(decide(window, 1, "two", 1_001)).toEqual({ do: "wait", until: 1_000 + CLAIM_MS });
    expect(decide(withEvent(window), 2, "two", 1_001)).toEqual({ do: "count" });
    expect(decide(window, 1, "one", 1_001)).toEqual({ do: "send" });
    expect(decide(window, 1, "two", 1_000 + CLAIM_MS)).toEqual({ do: "send" });
  });

  it("is not silenced by a clock that was far ahead", () => {
    const year = 365 * 86_400_000;
    const ahead = claimed(withEvent(freshWindow(fingerprint)), "one", year);
    expect(decide(ahead, 1, "two", 1_000)).toEqual({ do: "send" });
    const told = withEvent(acceptedBy(ahead, ahead.claim, null, year));
    expect(decide(told, 2, "two", 1_000)).toEqual({ do: "send" });
  });

  it("takes a late report of an acceptance for what it is", () => {
    const one = claimed(withEvent(freshWindow(fingerprint)), "one", 0);
    const two = claimed(withEvent(one), "two", CLAIM_MS);
    const after = acceptedBy(acceptedBy(two, { ...two.claim, upTo: 2 }, null, 30_000), one.claim, null, 25_000);
    expect(after).toMatchObject({ accepted: 2, openedAt: 30_000, claim: null });
  });
});

describe("names", () => {
  it("tell all parts of a fingerprint apart, and no run from another", () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string());
    const key = ([pipeline, step_, errorName]: readonly string[]) =>
      fingerprintKey({ ...fingerprint, pipeline: pipeline ?? "", step: step_ ?? "", errorName: errorName ?? "" });
    fc.assert(fc.property(parts, parts, (a, b) => (key(a) === key(b)) === (JSON.stringify(a) === JSON.stringify(b))));
    const event = { id: "e", at: "2026-01-15T08:00:00Z", environment: "qa" as const, pipeline: "p" };
    const run = { id: "r", attempt: 1, links: {} };
    const of = (asset: string, partition: string) =>
      subjectKey({ ...event, kind: "run-succeeded", run, item: { asset, partition } });
    expect(of("a#b", "c")).not.toBe(of("a", "b#c"));
    expect(stableUuid("a", "b")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(stableUuid("a", "b")).not.toBe(stableUuid("ab", ""));
  });
});

describe("a storm", () => {
  it("is more than 20 different fingerprints within five minutes, repeats aside", () => {
    let storm = calm;
    const grouped = Array.from({ length: 45 }, (_, index) => {
      const found = arrive(storm, `k${index % 21}`, index % 2 === 0 ? "a" : "b", index * 1_000);
      storm = found.storm;
      return found.grouped;
    });
    expect(grouped.indexOf(true)).toBe(20);
    expect(byPipeline(storm, 45_000).reduce((sum, [, count]) => sum + count, 0)).toBe(21);
    expect(arrive(storm, "later", "a", 45_000 + 5 * 60_000)).toMatchObject({ grouped: false });
  });
});

describe("a subject", () => {
  it("comes to the same in whatever order failures and successes arrive", () => {
    const history = fc.array(fc.record({ ok: fc.boolean(), key: fc.constantFrom("x", "y"), at: fc.nat(50) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        history.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        ([events, shuffled]) => {
          const time = (at: number) => new Date(at * 1_000).toISOString();
          const play = (list: typeof events) => {
            const open = { x: 0, y: 0 };
            let subject = freshSubject;
            for (const { ok, key, at } of list) {
              if (ok) {
                const result = succeeded(subject, time(at));
                subject = result.subject;
                for (const closed of result.closed) open[closed as "x" | "y"] -= 1;
              } else {
                const result = failed(subject, key, time(at));
                subject = result.subject;
                if (result.opened) open[key] += 1;
              }
            }
            return { subject: { ...subject, failing: [subject.failing["x"], subject.failing["y"]] }, open };
          };
          expect(play(shuffled)).toEqual(play(events));
        },
      ),
    );
  });
});
