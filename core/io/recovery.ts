import { Failure } from "../model/failures.ts";
import type { ItemKey } from "../model/items/item-key.ts";
import { backfillOf, type RunRequest } from "../model/items/run-request.ts";
import { whyNotRedrivable } from "../model/redrivable.ts";
import { settlePartition } from "./backfill-records.ts";
import { enqueueOf, type BackfillHome } from "./backfill-home.ts";
import { CANCELLED, cancelRun, type Cancelled } from "./cancel-run.ts";
import { notRedrivable } from "./execution-failures.ts";
import { readRequest } from "./lane-requests.ts";
import { standingOf, type StandingFailures } from "./standing.ts";
import { endOrphan, endOrphans } from "./orphans.ts";

/** What a person can do about runs and items, one at a time. Times are epoch milliseconds. */
export interface Recovery {
  /**
   * Asks for a run of the item, before all that the platform wants by itself; a request of its own that waits becomes this
   * one. `waits`: a run is in flight, and this one follows it. The same id again asks for nothing. Throws Rejected `partition_unknown`, `item_asks_full`,
   * Misconfigured `input_unknown`.
   */
  rerun(
    key: ItemKey,
    ask: { readonly id: string; readonly author: string; readonly mode?: string; readonly now: number },
  ): Promise<{ readonly request?: RunRequest; readonly waits: boolean }>;
  /**
   * Has the item's latest run, which failed, go on from where it stands once its lane has a slot for it; gives its name.
   * Throws Rejected `partition_unknown`, `run_in_flight`, `nothing_failed`, `not_redrivable`, Misconfigured
   * `input_unknown`.
   */
  redrive(key: ItemKey, by: { readonly author: string; readonly now: number }): Promise<string>;
  /** Ends a run wherever it is, in its lane or at work. Throws Rejected `run_over`. */
  cancel(
    run: string,
    by: {
      readonly author: string;
      readonly reason?: string;
      readonly now: number;
      readonly domains: readonly string[];
    },
  ): Promise<Cancelled>;
  standing(asset: string, now: number): Promise<StandingFailures>;
  /**
   * Frees items whose request was withdrawn by somebody who died over it; gives how many. Work grows with what is in
   * progress: for a sweep.
   */
  orphans(asset: string, now: number): Promise<number>;
}

export function openRecovery(home: BackfillHome): Recovery {
  const { ledger, executions, items, lanes } = home;
  return {
    async rerun(key, { id, author, mode, now }) {
      await endOrphan(home, key, now);
      const target = await home.targetOf(key);
      if (target === undefined && (await items.read(key)) !== undefined) throw inputUnknown(key);
      const input = { requestedBy: author, ...(mode === undefined ? {} : { mode }) };
      const applied = await items.apply(
        key,
        { type: "requested", ask: { id, reason: "manual", input } },
        { now, ...home.rules, ...(target === undefined ? {} : { enqueue: enqueueOf(home, target) }) },
      );
      const request = applied?.request;
      if (request !== undefined) await lanes.dispatch([request.lane], now);
      return { ...(request === undefined ? {} : { request }), waits: applied?.waiting?.why === "in-flight" };
    },

    async redrive(key, { author, now }) {
      await endOrphan(home, key, now);
      const state = await items.read(key);
      const run = state?.last?.status === "failed" ? state.last.run : null;
      const [flying] = state?.runs ?? [];
      if (state === undefined) throw notFailed(key, "partition_unknown", "there is no such partition");
      if (flying !== undefined) throw notFailed(key, "run_in_flight", `its run ${flying.name} waits or runs already`);
      if (run === null || state.retiredAt !== null)
        throw notFailed(key, "nothing_failed", "its latest run did not fail");
      const target = await home.targetOf(key);
      if (target === undefined) throw inputUnknown(key);
      const found = await executions.describe({ domain: target.domain, name: run });
      const why = whyNotRedrivable(found, now);
      if (why !== undefined) throw notRedrivable(target.domain, run, why);
      const event = { type: "redriven", run, count: (found?.redrives ?? 0) + 1, requestedBy: author } as const;
      const applied = await items.apply(key, event, { now, ...home.rules, enqueue: enqueueOf(home, target) });
      if (applied?.request === undefined) throw notFailed(key, "run_in_flight", "somebody else was faster");
      await lanes.dispatch([target.lane], now);
      return run;
    },

    async cancel(run, { author, reason, now, domains }) {
      const cause = `Cancelled by ${author}${reason === undefined ? "." : `: ${reason}`}`;
      const kept = await readRequest(ledger, run);
      if (kept !== undefined) {
        const { request } = kept;
        const cancelled = await cancelRun(home, request, run, { cause, now, stop: true });
        // Of one that runs the end will be told.
        const backfill = backfillOf(request);
        if (cancelled === "withdrawn" && backfill !== undefined) {
          await settlePartition(ledger, backfill, request.partition, { outcome: "cancelled", at: now, run });
        }
        return cancelled;
      }
      for (const domain of domains) {
        if ((await executions.describe({ domain, name: run }))?.status !== "RUNNING") continue;
        await executions.stop({ domain, name: run, error: CANCELLED, cause });
        return "stopping";
      }
      throw new Failure("Rejected", `There is no run "${run.slice(0, 80)}" that waits or runs.`, {
        code: "run_over",
        what: "cancel a run",
        hint: "It has ended, or never was: `npx millrace runs` lists runs, `npx millrace lanes` what waits.",
      });
    },

    orphans: (asset, now) => endOrphans(home, asset, now),

    standing: (asset, now) => standingOf(items, asset, now),
  };
}

const notFailed = ({ asset, partition }: ItemKey, code: string, why: string): Failure =>
  new Failure("Rejected", `No run of ${asset} ${partition.slice(0, 80)} can go on from where it failed: ${why}.`, {
    code,
    what: `continue the latest run of ${asset} ${partition.slice(0, 80)}`,
    hint: `\`npx millrace failures ${asset}\` lists what failed; \`npx millrace rerun\` runs a partition again whatever came of it.`,
  });

const inputUnknown = ({ asset, partition }: ItemKey): Failure =>
  new Failure("Misconfigured", `Nobody knows the input of a run of ${asset} ${partition.slice(0, 80)}.`, {
    code: "input_unknown",
    what: `run ${asset} ${partition.slice(0, 80)} again`,
    hint: "No run of it is on record: land its file again.",
  });
