import { Failure, isFailure } from "../model/failures.ts";
import { covers, isForReconciliation } from "../model/landings/coverage.ts";
import { landingPartition, laneOf, type Landing } from "../model/landings/landing.ts";
import { atOnce } from "./at-once.ts";
import type { Coordination } from "./coordination.ts";
import { observeLanded } from "./landed.ts";
import type { Io, Ledger, ListedObject } from "./ports.ts";
import { continueSweep, isSweepDue, markDue, type SweepCall, type SweepReport } from "./sweeps.ts";

/** What a reconciliation has come to so far; objects, by what became of them. */
export interface Reconciled extends Pick<SweepReport, "open" | "failing" | "lagMs"> {
  readonly listed: number;
  /** On record as they are, or being worked on. */
  readonly known: number;
  readonly requested: number;
  /** One by one could not be looked at; the next round tries again. */
  readonly failed: number;
  /** Markers, keys that nobody asks for, objects whose own event may still come. */
  readonly skipped: number;
  readonly finished: boolean;
}

export interface Reconciliation {
  /** Asks for a round. */
  due(at: number): Promise<void>;
  /** Goes on, for at most the budget. Throws Transient `nothing_listed` when no prefix could be listed at all. */
  run(call: Pick<SweepCall, "holder" | "budgetMs" | "visitMs" | "clock">): Promise<Reconciled>;
}

const SWEEP = "reconcile";
/** A tick of the schedule may be lost, and a machine may sleep at that hour. */
const EVERY_MS = 26 * 60 * 60_000;
/** As many objects as are looked at well within one visit, also when all of them are lost. */
const PAGE = 200;
const PARALLEL = 8;
const SHARED = new Set<string>(["Transient", "Throttled", "Conflict", "Misconfigured"]);

/** Whether there is something to do: a round was asked for, is not finished, or the latest began long ago. */
export const isReconciliationDue = (ledger: Ledger, now: number): Promise<boolean> =>
  isSweepDue(ledger, SWEEP, now, EVERY_MS);

/** Finds what landed and no run is on record of: events that were lost. */
export function openReconciliation({
  io,
  coordination,
  bucket,
  landings,
  now,
  pageSize = PAGE,
  problem = () => undefined,
}: {
  readonly io: Pick<Io, "ledger" | "objects">;
  readonly coordination: Pick<Coordination, "items" | "lanes" | "observed">;
  readonly bucket: string;
  readonly landings: readonly Landing[];
  readonly now: () => number;
  readonly pageSize?: number;
  /** Is told of each object that could not be looked at. */
  readonly problem?: (key: string, error: unknown) => void;
}): Reconciliation {
  const { ledger, objects } = io;
  const byId = new Map(landings.map((landing) => [`${landing.domain}/${landing.trigger}`, landing]));

  const look = async (landing: Landing, object: ListedObject, at: number): Promise<Found> => {
    if (!isForReconciliation(landing, object, at)) return "skipped";
    const item = { asset: landing.asset, partition: landingPartition(landing, object.key) };
    if (covers(await coordination.items.read(item), object)) return "known";
    const seen = await observeLanded({ objects, coordination, now }, landing, { bucket, key: object.key });
    return seen?.applied.request === undefined ? "known" : "requested";
  };

  const read = async (id: string, cursor: string | undefined, signal: AbortSignal) => {
    const landing = byId.get(id);
    if (landing === undefined) return { counts: {} };
    const at = now();
    const from = cursor === undefined ? {} : { after: cursor };
    const page = await objects.list(bucket, landing.prefix, { ...from, limit: pageSize });
    const counts = { listed: page.objects.length, known: 0, requested: 0, skipped: 0, failed: 0 };
    const passed = (error: unknown, key: string): "failed" => {
      // What is no fault of this object ends the page, which is read again; one object that nobody can read does not.
      if (!isFailure(error) || !SHARED.has(error.name)) {
        problem(key, error);
        return "failed";
      }
      throw error;
    };
    await atOnce(page.objects, PARALLEL, async (object) => {
      signal.throwIfAborted();
      counts[await look(landing, object, at).catch((error: unknown) => passed(error, object.key))] += 1;
    });
    if (counts.requested > 0) await coordination.lanes.dispatch([laneOf(landing)], now());
    return { ...(page.next === undefined ? {} : { next: page.next }), counts };
  };

  return {
    due: (at) => markDue(ledger, SWEEP, at),
    async run(call) {
      const source = { upstreams: [...byId.keys()], read };
      const { counts, open, failing, lagMs, state, pages, failures } = await continueSweep(ledger, source, {
        ...call,
        id: SWEEP,
        everyMs: EVERY_MS,
      });
      if (pages === 0 && failures > 0) throw nothingListed(failing);
      const { listed = 0, known = 0, requested = 0, skipped = 0, failed = 0 } = counts;
      const finished = state === "finished" || state === "idle";
      return { listed, known, requested, skipped, failed, finished, open, failing, lagMs };
    },
  };
}

type Found = "known" | "requested" | "skipped";

const nothingListed = (failing: SweepReport["failing"]): Failure =>
  new Failure("Transient", `No landing could be listed: ${failing[0]?.error ?? "no answer"}`, {
    code: "nothing_listed",
    what: "compare what has landed with what is on record",
    hint: "The clock tries again by itself, after longer and longer rests.",
    details: { failing },
  });
