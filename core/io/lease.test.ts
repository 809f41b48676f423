import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Failure } from "../model/failures.ts";
import { embeddedLedger } from "./embedded/ledger.ts";
import { withLease, type LeaseClock } from "./lease.ts";
import type { Ledger } from "./ports.ts";

/** Time passes only by `advance`; sleepers wake in order. */
function fakeClock(): LeaseClock & { advance(ms: number): Promise<void> } {
  let now = 1_000_000;
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((wake) => {
        if (signal.aborted) return wake();
        signal.addEventListener("abort", () => wake(), { once: true });
        sleepers.push({ at: now + ms, wake });
      }),
    advance: async (ms) => {
      const end = now + ms;
      while (now < end) {
        now = Math.min(end, ...sleepers.map(({ at }) => at));
        for (const { wake } of sleepers.filter(({ at }) => at <= now)) wake();
        sleepers = sleepers.filter(({ at }) => at > now);
        await new Promise((settled) => setImmediate(settled));
      }
    },
  };
}

describe("a lease", () => {
  let folder: string;
  let ledger: Ledger & { close(): void };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lease-"));
    ledger = embeddedLedger(folder);
  });
  afterEach(() => {
    ledger.close();
    rmSync(folder, { recursive: true });
  });

  it("is held by one at a time and raises the fence with every holder", async () => {
    let inside = 0;
    const fences: number[] = [];
    const holders = Array.from({ length: 25 }, (_, index) =>
      withLease(ledger, "commit/raw.t", { holder: `h${index}`, ttlSeconds: 30, waitSeconds: 60 }, async (lease) => {
        inside += 1;
        expect(inside).toBe(1);
        await lease.check();
        await new Promise((done) => setImmediate(done));
        fences.push(lease.fence);
        inside -= 1;
      }),
    );
    await Promise.all(holders);
    expect(fences).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  it("gives as many slots as asked for, and no more", async () => {
    let inside = 0;
    let most = 0;
    const holders = Array.from({ length: 12 }, (_, index) =>
      withLease(ledger, "lane", { holder: `h${index}`, ttlSeconds: 30, waitSeconds: 60, slots: 3 }, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((done) => setTimeout(done, 5));
        inside -= 1;
      }),
    );
    await Promise.all(holders);
    expect(most).toBe(3);
  });

  it("is refused with its holder's name when it stays held", async () => {
    const options = { ttlSeconds: 30, waitSeconds: 0 };
    const outcome = withLease(ledger, "l", { ...options, holder: "first" }, () =>
      withLease(ledger, "l", { ...options, holder: "second" }, async () => "never"),
    );
    const error = await outcome.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "Conflict", code: "lease_held" });
    expect((error as Failure).info.details).toMatchObject({ holders: [{ holder: "first" }] });
  });

  it("is free again after the work, also when the work fails", async () => {
    const options = { holder: "h", ttlSeconds: 3_600, waitSeconds: 0 };
    await expect(withLease(ledger, "l", options, () => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    await expect(withLease(ledger, "l", options, async ({ fence }) => fence)).resolves.toBe(2);
  });

  it("is kept by the heartbeat for as long as the work takes", async () => {
    const clock = fakeClock();
    const work = Promise.withResolvers<void>();
    const options = { ttlSeconds: 30, waitSeconds: 0, clock };
    const begun = Promise.withResolvers<void>();
    const first = withLease(ledger, "l", { ...options, holder: "first" }, async (lease) => {
      begun.resolve();
      await work.promise;
      await lease.check();
    });
    await begun.promise;
    await clock.advance(300_000);
    await expect(withLease(ledger, "l", { ...options, holder: "second" }, async () => 1)).rejects.toMatchObject({
      code: "lease_held",
    });
    work.resolve();
    await first;
  });

  it("of a dead holder is taken after it expires, and the late holder is told", async () => {
    const clock = fakeClock();
    const stalled: LeaseClock = { now: () => clock.now(), sleep: (_, signal) => untilAbort(signal) };
    const begun = Promise.withResolvers<void>();
    const resume = Promise.withResolvers<void>();
    const first = withLease(
      ledger,
      "l",
      { holder: "first", ttlSeconds: 30, waitSeconds: 0, clock: stalled },
      async (lease) => {
        begun.resolve();
        await resume.promise;
        await lease.check();
      },
    );
    await begun.promise;
    await clock.advance(29_000);
    const second = { holder: "second", ttlSeconds: 30, waitSeconds: 0, clock };
    await expect(withLease(ledger, "l", second, async () => 1)).rejects.toMatchObject({ code: "lease_held" });
    await clock.advance(2_000);
    await withLease(ledger, "l", second, async (lease) => {
      expect(lease.fence).toBe(2);
      resume.resolve();
      await expect(first).rejects.toMatchObject({ name: "Transient", code: "lease_lost" });
      await lease.check();
    });
  });

  it("survives a ledger that fails for less than the ttl, and is lost after it", async () => {
    const clock = fakeClock();
    let broken = false;
    const flaky: Ledger = {
      ...ledger,
      write: (writes) =>
        broken
          ? Promise.reject(new Failure("Transient", "down", { code: "down", what: "write" }))
          : ledger.write(writes),
    };
    const work = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let signal: AbortSignal | undefined;
    const held = withLease(flaky, "l", { holder: "h", ttlSeconds: 30, waitSeconds: 0, clock }, (lease) => {
      signal = lease.signal;
      begun.resolve();
      return work.promise;
    });
    await begun.promise;
    await clock.advance(5_000);
    broken = true;
    await clock.advance(18_000);
    broken = false;
    await clock.advance(60_000);
    expect(signal?.aborted).toBe(false);
    broken = true;
    await clock.advance(45_000);
    expect(signal?.reason).toMatchObject({ code: "lease_lost" });
    work.resolve();
    await held;
  });

  it("knows its own write again when the answer was lost", async () => {
    let drop = true;
    const lossy: Ledger = {
      ...ledger,
      write: async (writes) => {
        await ledger.write(writes);
        if (!drop) return;
        drop = false;
        // What an SDK that repeats a request makes of a lost answer.
        await ledger.write(writes);
      },
    };
    await expect(
      withLease(lossy, "l", { holder: "h", ttlSeconds: 30, waitSeconds: 0 }, async ({ fence }) => fence),
    ).resolves.toBe(1);
  });
});

const untilAbort = (signal: AbortSignal): Promise<void> =>
  new Promise((wake) => {
    signal.addEventListener("abort", () => wake(), { once: true });
  });
