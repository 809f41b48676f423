import { describe, expect, it } from "vitest";
import { Item } from "./item-under-test.ts";

const succeeded = { status: "succeeded" } as const;
const failed = { status: "failed", class: "Transient" } as const;

describe("an event that comes twice, late or out of order", () => {
  it("of a run that has ended changes nothing", () => {
    const item = Item.materialised();
    const first = item.observes("v2").request?.name ?? "";
    item.does({ type: "run-started", run: first, at: item.now });
    item.succeeds();
    const second = item.observes("v3").request?.name ?? "";
    const before = item.state;
    item.does({ type: "run-started", run: first, at: item.now });
    item.does({ type: "run-ended", run: first, at: item.now, outcome: failed });
    expect(item.state).toBe(before);
    expect(item.state.runs).toMatchObject([{ name: second, phase: "queued" }]);
  });

  it("of a run from outside: the end before the start, and both twice", () => {
    const item = Item.materialised();
    item.does({ type: "run-ended", run: "landing", at: item.now + 10, outcome: failed });
    expect(item.state.last).toMatchObject({ status: "failed", run: "landing" });
    item.succeeds();
    const before = item.state;
    item.does({ type: "run-started", run: "landing", at: item.now - 10 });
    item.does({ type: "run-ended", run: "landing", at: item.now, outcome: failed });
    expect(item.state).toBe(before);
  });

  it("of an unknown run from before the latest result counts for nothing", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.succeeds();
    expect(item.does({ type: "run-ended", run: "old", at: 1_000, outcome: failed }).request).toBeUndefined();
    expect(item.status).toBe("materialised");
  });

  it("with an older version does not undo a newer one, in any order of the two", () => {
    for (const order of [
      ["v2", "v3"],
      ["v3", "v2"],
    ]) {
      const item = Item.materialised();
      item.now += 100_000;
      const at = { v2: item.now - 60_000, v3: item.now - 30_000 };
      for (const version of order) {
        const seen = version === "v2" ? at.v2 : at.v3;
        item.does({ type: "observed", upstream: "upstream", version, at: seen });
      }
      expect(item.state.observed["upstream"]?.version).toBe("v3");
    }
  });
});

describe("a clock that is wrong", () => {
  const ahead = 86_400_000;

  it("by a day ahead hides no later version, and its second delivery is known", () => {
    const item = Item.materialised();
    const early = { type: "observed", upstream: "upstream", version: "v2", at: item.now + ahead } as const;
    item.does(early);
    expect(item.observes("v3").waiting).toEqual({ why: "in-flight" });
    item.does(early);
    expect(item.state.observed["upstream"]?.version).toBe("v3");
  });

  it("of the one who decides gives way once it is set right", () => {
    const item = Item.materialised();
    const right = item.now;
    item.now += ahead;
    item.observes("v2");
    item.succeeds();
    item.now = right;
    expect(item.observes("v3").request).toMatchObject({ reason: "upstream-changed" });
  });

  it("does not keep the end of a run from being believed", () => {
    const item = Item.materialised();
    const run = item.observes("v2").request?.name ?? "";
    item.does({ type: "run-ended", run, at: 5, outcome: succeeded });
    expect(item.status).toBe("materialised");
  });
});

describe("a run started outside of a request", () => {
  it("is in flight until it ends, and holds the rule back", () => {
    const item = Item.materialised();
    item.does({ type: "run-started", run: "by-hand", at: item.now });
    expect(item.status).toBe("in_progress");
    expect(item.observes("v2").waiting).toEqual({ why: "in-flight" });
    const { request } = item.does({ type: "run-ended", run: "by-hand", at: item.now, outcome: succeeded });
    expect(request).toMatchObject({ reason: "upstream-changed", number: 1 });
  });

  it("for a version is the request for it", () => {
    const item = Item.added();
    item.does({ type: "run-started", run: "landing", at: item.now, versions: { upstream: "v1" } });
    item.observes("v1");
    const { request } = item.does({ type: "run-ended", run: "landing", at: item.now, outcome: succeeded });
    expect(request).toBeUndefined();
    expect(item.status).toBe("materialised");
    expect(item.state.success?.versions).toEqual({ upstream: "v1" });
  });

  it.each(["seen", "never seen"])("(its start %s) and refused is the one try of what was missing", (start) => {
    const item = Item.added();
    item.held = true;
    if (start === "seen") item.does({ type: "run-started", run: "by-hand", at: item.now });
    item.held = false;
    const refused = { status: "failed", class: "Rejected" } as const;
    const { request } = item.does({ type: "run-ended", run: "by-hand", at: item.now, outcome: refused });
    expect(request).toBeUndefined();
    expect(item.status).toBe("failed");
  });

  it("that fails earns the one re-request, through the lane", () => {
    const item = Item.added();
    item.does({ type: "run-started", run: "landing", at: item.now, versions: { upstream: "v1" } });
    const { request } = item.does({ type: "run-ended", run: "landing", at: item.now, outcome: failed });
    expect(request).toMatchObject({ reason: "failed-once", versions: { upstream: "v1" } });
  });
});
