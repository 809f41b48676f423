import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../model/failures.ts";
import { readSlot, readSlots, writeSlot, type LeaseSlot } from "./lease-record.ts";
import type { Ledger } from "./ports.ts";

export interface LeaseOptions {
  /** Who holds it, for people: run id, task and attempt. */
  readonly holder: string;
  /** A dead holder's lease is free after this. Renewed at a third of it. */
  readonly ttlSeconds: number;
  /** How long to wait for it; 0 = one look. */
  readonly waitSeconds: number;
  /** How many may hold the name at a time; default 1. */
  readonly slots?: number;
  readonly clock?: LeaseClock;
}

/** Wall clock in milliseconds; the clocks of two holders may differ by a small part of the ttl. */
export interface LeaseClock {
  now(): number;
  /** Resolves after `ms` or when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Lease {
  readonly name: string;
  readonly slot: number;
  /** Rises with every holder of the slot: a store that keeps the highest can refuse a late writer. */
  readonly fence: number;
  /** Aborts when the lease is known to be lost. */
  readonly signal: AbortSignal;
  /** Asks the ledger; throws Transient `lease_lost` unless it is still ours. Call before what must not collide. */
  check(): Promise<void>;
}

const FIRST_POLL_MS = 40;
const LAST_POLL_MS = 1_000;

const systemClock: LeaseClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/**
 * Runs `work` while holding the lease `name`. Throws Conflict `lease_held` when it stays taken for `waitSeconds`.
 * A holder that stalls past the ttl may lose it unawares: `check` tells, `fence` protects.
 */
export async function withLease<T>(
  ledger: Ledger,
  name: string,
  options: LeaseOptions,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const clock = options.clock ?? systemClock;
  const held = await acquire(ledger, name, options, clock);
  const lost = new AbortController();
  const ended = new AbortController();
  const check = async (): Promise<void> => {
    lost.signal.throwIfAborted();
    const found = await readSlot(ledger, held.sk, held.slot);
    if (found.token === held.token && found.until > clock.now()) return;
    lost.abort(leaseLost(name, options.holder));
    lost.signal.throwIfAborted();
  };
  const heartbeat = renew(ledger, held, options, clock, lost, ended.signal);
  try {
    return await work({ name, slot: held.slot, fence: held.fence, signal: lost.signal, check });
  } finally {
    ended.abort();
    const last = await heartbeat;
    // The work's result counts; a release that fails is made up for by the ttl.
    if (!lost.signal.aborted) await writeSlot(ledger, { ...last, holder: null, until: 0 }).catch(() => false);
  }
}

async function acquire(ledger: Ledger, name: string, options: LeaseOptions, clock: LeaseClock): Promise<LeaseSlot> {
  const { holder, ttlSeconds, waitSeconds, slots = 1 } = options;
  const never = new AbortController().signal;
  const deadline = clock.now() + waitSeconds * 1_000;
  for (let poll = 0; ; poll += 1) {
    const now = clock.now();
    const found = await readSlots(ledger, name, slots);
    const free = found.filter((slot) => slot.until <= now);
    const choice = free[Math.floor(Math.random() * free.length)];
    if (choice !== undefined) {
      const next = { ...choice, holder, token: randomUUID(), until: now + ttlSeconds * 1_000, fence: choice.fence + 1 };
      if (await writeSlot(ledger, next)) return { ...next, rev: next.rev + 1 };
    }
    if (now >= deadline) throw leaseHeld(name, waitSeconds, found);
    // Full jitter: waiters that came together must not knock together.
    const longest = Math.min(LAST_POLL_MS, FIRST_POLL_MS * 2 ** Math.min(poll, 10));
    await clock.sleep(Math.min(1 + Math.random() * longest, deadline - now), never);
  }
}

/** Raises `until` at a third of the ttl until the work has ended or the lease is lost; gives the last state held. */
async function renew(
  ledger: Ledger,
  acquired: LeaseSlot,
  { ttlSeconds, holder }: LeaseOptions,
  clock: LeaseClock,
  lost: AbortController,
  ended: AbortSignal,
): Promise<LeaseSlot> {
  let held = acquired;
  while (!lost.signal.aborted) {
    await clock.sleep((ttlSeconds * 1_000) / 3, ended);
    if (ended.aborted) break;
    const next = { ...held, until: clock.now() + ttlSeconds * 1_000 };
    // A ledger that does not answer may answer the next beat: only a lost race or the ttl ends the lease.
    const written = await writeSlot(ledger, next).catch(() => undefined);
    if (written === true) held = { ...next, rev: next.rev + 1 };
    else if (written === false || clock.now() >= held.until) lost.abort(leaseLost(acquired.sk, holder));
  }
  return held;
}

const leaseHeld = (name: string, waitSeconds: number, slots: readonly LeaseSlot[]): Failure =>
  new Failure("Conflict", `The lease "${name}" was still held after ${waitSeconds} s.`, {
    code: "lease_held",
    what: `take the lease ${name}`,
    hint: "Its holder goes on or expires by itself; try again later.",
    details: { holders: slots.map(({ holder, until }) => ({ holder, until: new Date(until).toISOString() })) },
  });

const leaseLost = (name: string, holder: string): Failure =>
  new Failure("Transient", `The lease "${name}" was lost by ${holder}: it was not renewed in time.`, {
    code: "lease_lost",
    what: `hold the lease ${name}`,
    hint: "Start over: another holder may have done the work.",
  });
