import { describe, expect, it } from "vitest";
import { Item } from "./item-under-test.ts";

const CHANGED = { reason: "upstream-changed" };

/** The table of spec/triggers-and-versions.md 3, row by row. */
describe("the trigger rule's behaviour", () => {
  it("1: a different upstream version requests exactly one run of the downstream", () => {
    const item = Item.materialised();
    expect(item.observes("v2").request).toMatchObject({ ...CHANGED, versions: { upstream: "v2" }, priority: "event" });
    expect(item.evaluates().request).toBeUndefined();
    item.succeeds();
    expect(item.evaluates().request).toBeUndefined();
  });

  it("2: seeing the same upstream version again requests nothing", () => {
    const item = Item.materialised();
    const before = item.state;
    expect(item.observes("v1")).toMatchObject({ waiting: { why: "nothing-pending" } });
    expect(item.state).toBe(before);
  });

  it("3: a change whose run failed is requested again", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.fails("Transient").request).toMatchObject({ reason: "failed-once", versions: { upstream: "v2" } });
  });

  it.each(["Rejected", "Malformed", "Misconfigured"])("3: but not when it failed as %s", (failureClass) => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.fails(failureClass).request).toBeUndefined();
    expect(item.evaluates().request).toBeUndefined();
  });

  it("4: that second request is the only one while it keeps failing", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.fails("Transient");
    expect(item.fails("Transient").request).toBeUndefined();
    expect(item.evaluates().request).toBeUndefined();
    expect(item.observes("v2").request).toBeUndefined();
  });

  it("5: once a run succeeds, nothing is outstanding", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.fails("Transient");
    expect(item.succeeds()).toMatchObject({ waiting: { why: "nothing-pending" } });
    expect(item.state).toMatchObject({ pending: [], asks: [], runs: [], edgeSpent: false, failingSince: null });
  });

  it("6: after a success, a later failure earns its own single re-request", () => {
    const item = Item.materialised();
    for (const version of ["v2", "v3", "v4"]) {
      item.observes(version);
      expect(item.fails("Transient").request).toMatchObject({ reason: "failed-once" });
      item.succeeds();
    }
    item.observes("v5");
    item.fails("Transient");
    expect(item.fails("Transient").request).toBeUndefined();
  });

  it("7: a version that moves during a run requests nothing then, and one run after it", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.observes("v3").waiting).toEqual({ why: "in-flight" });
    expect(item.observes("v4").waiting).toEqual({ why: "in-flight" });
    expect(item.succeeds().request).toMatchObject({ ...CHANGED, versions: { upstream: "v4" } });
    expect(item.succeeds().request).toBeUndefined();
  });

  it("8: the request clears the mark, so that 7 happens once and not in a loop", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.state.pending).toEqual([]);
    item.observes("v3");
    expect(item.state.pending).toEqual(["upstream-changed"]);
    item.succeeds();
    expect(item.state.pending).toEqual([]);
    for (let round = 0; round < 3; round += 1) expect(item.succeeds().request).toBeUndefined();
  });

  it("9: a run that succeeds and emits nothing is not asked for again", () => {
    const item = Item.added();
    expect(item.evaluates().request).toMatchObject({ reason: "missing" });
    item.succeeds(null);
    expect(item.state).toMatchObject({ dataVersion: null });
    expect(item.evaluates().request).toBeUndefined();
    expect(item.status).toBe("materialised");
  });
});

describe("a manual run or a backfill", () => {
  it.each(["manual", "backfill"] as const)("(%s) does not clear a pending upstream change", (reason) => {
    const item = Item.materialised();
    item.asks(reason, "first");
    item.observes("v2");
    expect(item.succeeds().request).toMatchObject(CHANGED);
    item.asks(reason, "second");
    // People go before a pending change, and backfills after it.
    item.observes("v3");
    const after = [item.succeeds().request?.reason, item.succeeds().request?.reason];
    expect(after).toEqual(reason === "manual" ? ["manual", "upstream-changed"] : ["upstream-changed", "backfill"]);
    expect(item.succeeds().request).toBeUndefined();
  });

  it("is requested once however often the wish arrives, also after it was served", () => {
    const item = Item.materialised();
    expect(item.asks("manual", "one").request).toMatchObject({ reason: "manual", number: 1, priority: "manual" });
    item.asks("manual", "one");
    expect(item.succeeds().request).toBeUndefined();
    expect(item.asks("manual", "one").request).toBeUndefined();
    expect(item.asks("manual", "two").request).toMatchObject({ number: 2 });
  });

  it("waits for the run in flight, in order, and can be withdrawn", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.asks("backfill", "b1", { group: "backfill/1", input: { mode: "reload" } });
    item.asks("backfill", "b2");
    item.withdraws("b2");
    expect(item.succeeds().request).toMatchObject({
      reason: "backfill",
      group: "backfill/1",
      input: { job: "copy", mode: "reload", item: { asset: "a/b", partition: "2026-01-15" } },
    });
    expect(item.succeeds().request).toBeUndefined();
  });

  it("fills a missing partition, which is not asked for again then", () => {
    const item = Item.added([]);
    item.asks("backfill", "b1");
    expect(item.succeeds().request).toBeUndefined();
    expect(item.status).toBe("materialised");
  });

  it("leaves a change pending also where the asset is not run for it by itself", () => {
    const item = Item.materialised([]);
    item.observes("v2");
    expect(item.asks("backfill", "b1").request).toMatchObject({ reason: "backfill", versions: { upstream: "v2" } });
    expect(item.state.pending).toEqual(["upstream-changed"]);
  });

  it("does not wait for the delay of a re-request", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.held = true;
    item.fails("Transient");
    item.held = false;
    expect(item.asks("manual", "now").request).not.toHaveProperty("notBefore");
    expect(item.fails("Transient").request).toMatchObject({ reason: "failed-once" });
  });

  it("is the one try of what was missing: refused, it is not tried again by itself", () => {
    const item = Item.added(["failed-once"]);
    item.asks("backfill", "b1");
    expect(item.ends({ status: "interrupted" }).request).toMatchObject({ reason: "backfill", number: 2 });
    expect(item.ends({ status: "cancelled" }).request).toBeUndefined();
    expect(item.status).toBe("missing");
    const refused = Item.added();
    refused.asks("manual", "m1");
    expect(refused.fails("Rejected").request).toBeUndefined();
    const tried = Item.added();
    tried.asks("manual", "m1");
    expect(tried.fails("Transient").request).toMatchObject({ reason: "failed-once", notBefore: tried.now + 600_000 });
  });

  it("is refused when too many wait", () => {
    const item = Item.materialised();
    for (let ask = 0; ask <= 16; ask += 1) item.asks("manual", `ask-${ask}`);
    expect(() => item.asks("manual", "one too many")).toThrow("wait to be requested");
  });
});

describe("at first start", () => {
  it("an item that failed before is known failed: no request until its upstream changes", () => {
    const item = Item.added();
    item.records({ status: "failed", class: "Transient" });
    expect(item.evaluates().request).toBeUndefined();
    // The first sighting tells what it failed with, or later: no change that anybody knows of.
    expect(item.observes("v1").request).toBeUndefined();
    expect(item.status).toBe("failed");
    expect(item.observes("v2").request).toMatchObject(CHANGED);
    expect(item.fails("Transient").request).toBeUndefined();
  });

  it("a past that comes late does not undo what has happened since", () => {
    const item = Item.materialised();
    const before = item.state;
    item.records({ status: "failed", class: "Transient" });
    expect(item.state).toBe(before);
  });
});

describe("a failure", () => {
  it("waits ten minutes for its re-request, unless news came meanwhile", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.fails("Transient").request?.notBefore).toBe(item.now + 600_000);
    item.succeeds();
    item.observes("v3");
    item.observes("v4");
    expect(item.fails("Transient").request).not.toHaveProperty("notBefore");
  });

  it("that is Misconfigured leaves the edge unspent, one that is Rejected spends it", () => {
    const closed = Item.materialised();
    closed.observes("v2");
    closed.fails("Misconfigured");
    closed.asks("manual", "opened");
    expect(closed.fails("Transient").request).toMatchObject({ reason: "failed-once" });
    const refused = Item.materialised();
    refused.observes("v2");
    refused.fails("Rejected");
    refused.observes("v3");
    expect(refused.fails("Transient").request).toBeUndefined();
    expect(refused.status).toBe("failed");
  });

  it("of a class that nobody mapped earns the re-request too", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.fails("TypeError").request).toMatchObject({ reason: "failed-once" });
  });

  it("by throttling goes to the back of the lane three times before it counts", () => {
    const item = Item.materialised();
    item.observes("v2");
    for (let requeue = 0; requeue < 3; requeue += 1) {
      const { request } = item.fails("Throttled", 5_000);
      expect(request).toMatchObject({ ...CHANGED, notBefore: item.now + 5_000 });
      expect(item.state).toMatchObject({ edgeSpent: false, last: { status: "succeeded" } });
    }
    expect(item.fails("Throttled").request).toMatchObject({ reason: "failed-once" });
    expect(item.fails("Throttled").request).toMatchObject({ reason: "failed-once" });
    expect(item.state).toMatchObject({ edgeSpent: true, requeues: 1 });
  });
});

describe("a run that was stopped", () => {
  it("by a deploy is no failure and runs again, for what it was asked for", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.ends({ status: "interrupted" }).request).toMatchObject({ ...CHANGED, number: 2 });
    item.succeeds();
    item.asks("backfill", "b1");
    expect(item.ends({ status: "interrupted" }).request).toMatchObject({ reason: "backfill" });
    expect(item.state).toMatchObject({ edgeSpent: false, last: { status: "succeeded" } });
  });

  it("by a person is no failure, does not run again by itself, and leaves the item stale", () => {
    const item = Item.materialised();
    item.observes("v2");
    expect(item.ends({ status: "cancelled" }).request).toBeUndefined();
    expect(item.status).toBe("stale");
    expect(item.observes("v3").request).toMatchObject(CHANGED);
  });
});

describe("upstreams of the same partition", () => {
  it("hold a request back while one is queued or running, or was never seen", () => {
    const item = Item.materialised();
    item.upstreams = [{ upstream: "upstream", busy: true, materialised: true }];
    expect(item.observes("v2").waiting).toEqual({ why: "upstream-busy", upstream: "upstream" });
    item.upstreams = [{ upstream: "other", busy: false, materialised: false }];
    expect(item.evaluates().waiting).toEqual({ why: "upstream-never-seen", upstream: "other" });
    item.upstreams = [
      { upstream: "upstream", busy: false, materialised: false },
      { upstream: "other", busy: false, materialised: true },
    ];
    expect(item.evaluates().request).toMatchObject(CHANGED);
  });
});

describe("a code version", () => {
  it("that is new requests one run, the first that is heard of none", () => {
    const item = Item.materialised();
    expect(item.deploys("1").request).toBeUndefined();
    expect(item.deploys("2").request).toMatchObject({ reason: "code-changed", codeVersion: "2" });
    item.succeeds();
    expect(item.deploys("2").request).toBeUndefined();
  });

  it("that was stamped on a request gives way to a deployment of about then, and not to one from long before", () => {
    const item = Item.added();
    item.now += 24 * 3_600_000;
    item.codeVersion = "3";
    item.evaluates();
    item.succeeds();
    const longAgo = item.does({ type: "code-version", version: "2", at: item.now - 2 * 3_600_000 });
    expect(longAgo).toEqual({ state: item.state, waiting: { why: "nothing-pending" } });
    const justBefore = item.does({ type: "code-version", version: "4", at: item.now - 60_000 });
    expect(justBefore.request).toMatchObject({ reason: "code-changed", codeVersion: "4" });
  });

  it("is stamped on the request, also before the item has heard of one", () => {
    const item = Item.added();
    item.codeVersion = "1";
    expect(item.evaluates().request).toMatchObject({ reason: "missing", codeVersion: "1" });
    item.fails("Rejected");
    expect(item.deploys("2").request).toMatchObject({ reason: "code-changed", codeVersion: "2" });
  });

  it("does not start what nobody has tried to produce", () => {
    const item = Item.added(["code-changed"]);
    item.deploys("1");
    expect(item.deploys("2").request).toBeUndefined();
  });
});

describe("a lost output", () => {
  it("makes its producer missing once; a report from before the latest success is old", () => {
    const item = Item.materialised();
    const before = item.now;
    item.observes("v2");
    item.succeeds();
    expect(item.loses(before).request).toBeUndefined();
    expect(item.loses(item.now).request).toMatchObject({ reason: "missing" });
    item.loses(item.now);
    expect(item.succeeds().request).toBeUndefined();
  });
});

describe("a retired partition", () => {
  it("requests nothing, keeps its history, and goes on when it returns", () => {
    const item = Item.materialised();
    item.does({ type: "retired" });
    expect(item.observes("v2").waiting).toEqual({ why: "retired" });
    expect(item.asks("manual", "m").waiting).toEqual({ why: "retired" });
    expect(item.status).toBe("retired");
    expect(item.does({ type: "returned" }).request).toMatchObject({ ...CHANGED, number: 1 });
  });

  it("is not retired while work is in flight", () => {
    const item = Item.materialised();
    item.observes("v2");
    item.does({ type: "retired" });
    expect(item.status).toBe("in_progress");
  });
});
