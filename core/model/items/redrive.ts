import type { ItemEventOf } from "./item-event.ts";
import type { ItemKey } from "./item-key.ts";
import type { ItemRun, ItemState } from "./item-state.ts";
import { requestNumber, type RunRequest } from "./run-request.ts";
import { priorityOf } from "./reasons.ts";

/** What continues a run; of the rule's context. */
interface Redriver {
  readonly key: ItemKey;
  readonly now: number;
  readonly target: {
    readonly domain: string;
    readonly lane: string;
    readonly input?: Readonly<Record<string, unknown>>;
  };
}

/** An ended run is the item's latest, and may be continued: nothing else of the item is under way. */
export const isRedrivable = ({ retiredAt, runs, last }: ItemState, run: string): boolean =>
  retiredAt === null && runs.length === 0 && last?.status === "failed" && last.run === run;

/**
 * Takes the latest run back among those in flight, and asks for a slot for it under its own name. It clears nothing that
 * is pending: it reads what it was started with.
 */
export function redriveRun(
  state: ItemState,
  { run: name, count, requestedBy }: ItemEventOf<"redriven">,
  { key, now, target }: Redriver,
): { readonly state: ItemState; readonly request: RunRequest } {
  const number = requestNumber(key, name) ?? null;
  const versions = state.requested ?? {};
  const codeVersion = state.code?.version ?? null;
  const run: ItemRun = { name, number, phase: "queued", since: now, reasons: [], ask: null, versions, codeVersion };
  const { domain, lane, input } = target;
  return {
    state: { ...state, runs: [run] },
    request: {
      ...key,
      // A run that a landing has started has no number; nothing is named by this one.
      number: number ?? Math.max(1, state.requests),
      ...{ name, domain, lane, versions, codeVersion, redrive: count },
      ...{ reason: "manual", priority: priorityOf("manual"), group: key.asset, requestedAt: now },
      input: { ...input, requestedBy, item: { asset: key.asset, partition: key.partition } },
    },
  };
}
