import { describe, expect, it } from "vitest";
import {
  BUILD_CLAIM_MS,
  IDLE_CLAIM_MS,
  NOTHING_REQUESTED,
  begin,
  claim,
  finish,
  mark,
  release,
  renew,
  type BuilderState,
} from "./staleness.ts";

const NOW = 1_000_000;
const BROKEN = { name: "Malformed", code: "dbt_model_failed", message: "no such column", retryable: false };
const RACE = { name: "Transient", code: "dbt_model_failed", message: "HTTP 503", retryable: true };

/** A run that marked once and is the builder. */
function claimed(run = "one"): BuilderState {
  const { state, build } = claim(mark(NOTHING_REQUESTED, false), run, NOW);
  expect(build).toBe(true);
  return state;
}

function begun(state: BuilderState, token = "token", run = "one", project = "p1") {
  const result = begin(state, { run, token, project }, NOW);
  if (result === undefined) throw new Error("the build did not begin");
  return result;
}

function finished(state: BuilderState, token = "token", failure?: typeof BROKEN): BuilderState {
  const result = finish(state, token, failure === undefined ? { project: "p1" } : { failure }, NOW);
  if (result === undefined) throw new Error("the build's end was refused");
  return result;
}

describe("who builds", () => {
  it("is nobody when nothing is stale", () => {
    expect(claim(NOTHING_REQUESTED, "one", NOW).build).toBe(false);
  });

  it("is one run at a time, and the same run again", () => {
    const state = mark(claimed(), false);
    expect(claim(state, "two", NOW).build).toBe(false);
    expect(claim(state, "one", NOW).build).toBe(true);
  });

  it("is the next one when a claim was not kept alive", () => {
    const { state } = begun(claimed());
    expect(claim(state, "two", NOW + BUILD_CLAIM_MS - 1).build).toBe(false);
    expect(claim(state, "two", NOW + BUILD_CLAIM_MS).build).toBe(true);
    expect(claim(claimed(), "two", NOW + IDLE_CLAIM_MS).build).toBe(true);
  });

  it("is the later attempt of one run: the earlier one can neither renew nor finish", () => {
    const first = begun(claimed(), "first").state;
    const second = begun(first, "second").state;
    expect(renew(second, "first", NOW)).toBeUndefined();
    expect(finish(second, "first", { project: "p1" }, NOW)).toBeUndefined();
    expect(renew(second, "second", NOW)?.claim?.until).toBe(NOW + BUILD_CLAIM_MS);
  });
});

describe("what is built", () => {
  it("is everything at first, then what was marked after the last build", () => {
    const first = begun(claimed());
    expect(first).toMatchObject({ since: 0, goal: 1, everything: true });
    const idle = release(finished(first.state), "one", NOW).state;
    const second = begun(claim(mark(idle, false), "two", NOW).state, "t2", "two");
    expect(second).toMatchObject({ since: 1, goal: 2, everything: false });
  });

  it("is everything when an operator says so, and when the project has changed", () => {
    const idle = release(finished(begun(claimed()).state), "one", NOW).state;
    const asked = claim(mark(idle, true), "two", NOW).state;
    expect(begun(asked, "t2", "two").everything).toBe(true);
    const changed = claim(mark(idle, false), "two", NOW).state;
    expect(begun(changed, "t2", "two", "p2").everything).toBe(true);
  });

  it("is nothing once all is built", () => {
    const idle = release(finished(begun(claimed()).state), "one", NOW).state;
    expect(begin(idle, { run: "two", token: "t2", project: "p1" }, NOW)).toBeUndefined();
    expect(claim(idle, "two", NOW).build).toBe(false);
  });
});

describe("a mark during a build", () => {
  it("keeps the claim for one more round", () => {
    const marked = mark(begun(claimed()).state, false);
    const after = release(finished(marked), "one", NOW);
    expect(after.again).toBe(true);
    const second = begun(after.state);
    expect(second).toMatchObject({ since: 1, goal: 2 });
    expect(release(finished(second.state), "one", NOW)).toMatchObject({
      again: false,
      state: { claim: null, built: 2 },
    });
  });
});

describe("a failed build", () => {
  const failedState = (failure: typeof BROKEN) =>
    release(finished(begun(claimed()).state, "token", failure), "one", NOW);

  it("keeps its marks, ends its run with the failure, and says so again when asked again", () => {
    const first = failedState(BROKEN);
    expect(first).toMatchObject({ again: false, failure: { message: "no such column" }, state: { built: 0 } });
    expect(release(first.state, "one", NOW).failure?.message).toBe("no such column");
    expect(release(first.state, "two", NOW).failure).toBeUndefined();
  });

  it("is asked for again by a new mark", () => {
    const { state } = failedState(BROKEN);
    expect(claim(mark(state, false), "two", NOW).build).toBe(true);
  });

  it("is not asked for again by a sweep when a rerun cannot help", () => {
    expect(claim(failedState(BROKEN).state, "two", NOW).build).toBe(false);
  });

  it("is asked for again by a sweep once when it can", () => {
    const again = claim(failedState(RACE).state, "two", NOW);
    expect(again.build).toBe(true);
    const { state } = release(finished(begun(again.state, "t2", "two").state, "t2", RACE), "two", NOW);
    expect(claim(state, "three", NOW).build).toBe(false);
  });

  it("gives newer marks their round first", () => {
    const marked = mark(begun(claimed()).state, false);
    expect(release(finished(marked, "token", BROKEN), "one", NOW).again).toBe(true);
  });
});

describe("a build that never began", () => {
  it("is given up, without another round", () => {
    expect(release(claimed(), "one", NOW)).toMatchObject({ again: false, state: { claim: null } });
  });
});
