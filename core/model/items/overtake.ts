import type { Ask, ItemRun, ItemState } from "./item-state.ts";
import type { RunRequest } from "./run-request.ts";

const SERVED_KEPT = 16;

/**
 * A person's wish for an item whose request waits still: that request becomes theirs, so that one run results and nobody
 * waits behind a backfill. Undefined = there is none, or it is a person's already: the wish is for the rule. Whether the
 * request waits in truth only its lane knows.
 */
export function overtake(
  state: ItemState,
  wish: Ask,
): { readonly state: ItemState; readonly run: ItemRun } | undefined {
  const run = state.runs.find(({ number, phase }) => number !== null && phase === "queued");
  if (wish.reason !== "manual" || run === undefined || run.ask?.reason === "manual" || run.wish !== undefined) return;
  if (state.retiredAt !== null || state.served.includes(wish.id) || state.asks.some(({ id }) => id === wish.id)) return;
  const theirs: ItemRun = { ...run, wish };
  const runs = state.runs.map((one) => (one === run ? theirs : one));
  return { run, state: { ...state, served: [...state.served, wish.id].slice(-SERVED_KEPT), runs } };
}

/** The request as the wish has it: what it was asked for before gives way, what it runs stays. */
export function overtaken(
  { notBefore = 0, ...request }: RunRequest,
  { ask }: ItemRun,
  wish: Ask,
  { now, throttled }: { readonly now: number; readonly throttled: boolean },
): RunRequest {
  const before = new Set(Object.keys(ask?.input ?? {}));
  const input = Object.fromEntries(Object.entries(request.input).filter(([field]) => !before.has(field)));
  return {
    ...request,
    ...{ reason: "manual", priority: "manual", group: wish.group ?? request.asset },
    input: { ...input, ...wish.input },
    // A person does not wait for the delay of a re-request, but everybody does for an upstream that throttles.
    ...(throttled && notBefore > now ? { notBefore } : {}),
    ...(ask?.reason === "backfill" ? { backfill: request.group } : {}),
  };
}
