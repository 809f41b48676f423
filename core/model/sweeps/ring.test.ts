import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginWalk, newRing, ringLag, walked, type RingState } from "./ring.ts";

const keys = ["a", "b", "c", "d", "e"];
const walk = (state: RingState | undefined, begun: number, open: string[] = [], over = true, of = keys) =>
  walked(beginWalk(state, of, 0, "w"), { begun, open, over });
const order = (state: RingState | undefined, of = keys, name = "w"): string =>
  beginWalk(state, of, 0, name).order.join("");

describe("a walk round a list", () => {
  it("begins where the last one stopped, and goes round", () => {
    expect(order(undefined, ["c", "a", "b", "a"])).toBe("abc");
    const first = walk(undefined, 3);
    expect([order(first), order(walk(first, 4)), order(walk(first, 5))]).toEqual(["deabc", "cdeab", "deabc"]);
  });

  it("steps over one at least, or who blocks would be the first for ever", () => {
    expect(order(walk(undefined, 0))).toBe("bcdea");
    expect(order(walk(walk(undefined, 0), 0, [], false))).toBe("bcdea");
  });

  it("finds its place in a list that has changed", () => {
    const state = walk(undefined, 2);
    expect([order(state, ["b", "d", "z"]), order(state, ["a"]), order(state, [])]).toEqual(["dzb", "a", ""]);
    expect(order(walk(state, 0, [], true, []))).toBe("cdeab");
  });

  it("comes first to what was begun and never ended, and last to what was so twice", () => {
    const killed = walk(undefined, 4, ["b", "d"], false);
    expect([order(killed, keys, "next"), order(killed)]).toEqual(["bdeac", "bde"]);
    const { begun } = beginWalk(killed, keys, 0, "next");
    expect([order(begun, keys, "next"), order(begun, keys, "third")]).toEqual(["eacbd", "eacbd"]);
    expect(walk(killed, 1, ["b"], false)).toMatchObject({ at: "e", open: ["d"], again: ["b"] });
    expect(walk(killed, 0)).toMatchObject({ at: "e", open: ["d"], again: [] });
    expect(walk(killed, 3)).toMatchObject({ at: "a", open: [], again: [] });
  });

  it("is one lap together with the walk of the same name that died", () => {
    const killed = walk(undefined, 3, ["c"], false);
    expect([order(killed), order(walk(killed, 2, ["d"], false))]).toEqual(["cde", "de"]);
    // All was begun: nothing is left but what has not ended.
    expect([order(walk(undefined, 5, ["e"], false)), order(walk(undefined, 5, [], false))]).toEqual(["e", ""]);
    expect(walk(walk(undefined, 5, [], false), 0).at).toBe("a");
    // One that has told its end is none to go on with.
    expect(order(walk(undefined, 3))).toBe("deabc");
  });

  it("gives what it had no time for its old place again, and begins the lap anew", () => {
    const { begun } = beginWalk(walk(undefined, 4, ["b", "d"], false), keys, 0, "next");
    const short = walked(beginWalk(begun, keys, 7, "third"), { begun: 2, open: [], over: true });
    expect(short).toMatchObject({ at: "c", again: [], lap: { steps: 0 } });
    expect(order(short)).toBe("cdeab");
  });
});

describe("the lag", () => {
  it("is the age of the last whole lap's beginning", () => {
    let state = newRing(0);
    const walkAt = (now: number, begun: number) => {
      state = walked(beginWalk(state, keys, now, "w"), { begun, open: [], over: true });
      return ringLag(state, now);
    };
    expect([walkAt(10, 3), walkAt(20, 1)]).toEqual([10, 20]);
    // The lap that began at 10 is whole; the two steps beyond it are of one that begins now.
    expect([walkAt(30, 3), state.lap]).toEqual([20, { steps: 2, since: 30 }]);
    expect([walkAt(40, 5), walkAt(50, 5)]).toEqual([10, 10]);
  });

  it("never says that a key was visited which was not", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (walks) => {
        let state: RingState | undefined;
        const visited = new Map<string, number>();
        for (const [index, begun] of walks.entries()) {
          const now = index + 1;
          const plan = beginWalk(state, keys, now, "w");
          for (const key of plan.order.slice(0, Math.max(1, begun))) visited.set(key, now);
          state = walked(plan, { begun: Math.min(begun, plan.order.length), open: [], over: true });
          const { since } = state;
          const oldest = Math.min(...keys.map((key) => visited.get(key) ?? 0));
          expect(since === 1 || oldest >= since).toBe(true);
        }
      }),
    );
  });
});
