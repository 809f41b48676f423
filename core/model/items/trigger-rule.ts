import { Failure } from "../failures.ts";
import type { ItemEvent, ItemEventOf } from "./item-event.ts";
import type { ItemKey } from "./item-key.ts";
import type { Ask, ItemState } from "./item-state.ts";
import { observe, observeCode, versionsOf, withCode, withPending, withoutPending } from "./observe.ts";
import { type AutomaticReason, priorityOf, type Reason } from "./reasons.ts";
import { endRun } from "./run-end.ts";
import { isRedrivable, redriveRun } from "./redrive.ts";
import { executionName, type RunRequest } from "./run-request.ts";
import { startRun } from "./run-start.ts";

/** What the rule must know of a direct upstream of the same partition. */
export interface UpstreamFact {
  readonly upstream: string;
  /** A run of it is queued or running. */
  readonly busy: boolean;
  /** It has at least one materialisation; an observation by the item itself counts as well. */
  readonly materialised: boolean;
}

/** What a request becomes: declared with the asset. */
export interface RunTarget {
  readonly domain: string;
  readonly lane: string;
  /** Of the machine; `item` is added, and what an ask brings. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Declared now: what a run is made with as long as no `code-version` has reached the item. */
  readonly codeVersion?: string;
}

export interface RuleContext {
  readonly key: ItemKey;
  /** Epoch milliseconds of whoever decides. */
  readonly now: number;
  /** Absent = nothing is requested now; what is pending stays so. */
  readonly target?: RunTarget;
  /** All direct upstreams. */
  readonly upstreams?: readonly UpstreamFact[];
  /** What the asset is run for by itself; default all. An asset that only backfills fill names no `missing`. */
  readonly automatic?: readonly AutomaticReason[];
  /** Default 10 minutes. */
  readonly failedOnceDelayMs?: number;
}

/** Why nothing is requested. */
export type Waiting =
  | { readonly why: "retired" | "in-flight" | "nothing-pending" | "held" }
  | { readonly why: "upstream-busy" | "upstream-never-seen"; readonly upstream: string };

export interface Decision {
  /** The very same object when the event changed nothing: there is nothing to write. */
  readonly state: ItemState;
  readonly request?: RunRequest;
  /** Present if and only if nothing is requested. */
  readonly waiting?: Waiting;
}

const FAILED_ONCE_DELAY_MS = 10 * 60_000;
/** Asks that wait behind a run; a person who wants more has a mistake in a loop. */
const ASKS_MAX = 16;
const SERVED_KEPT = 16;

/**
 * The one trigger rule: what an event makes of an item, and whether a run is requested. Pure; the caller writes state
 * and request in one conditional transaction, so two evaluators cannot both request. Throws Rejected `item_asks_full`.
 */
export function decide(state: ItemState, event: ItemEvent, context: RuleContext): Decision {
  if (event.type === "redriven") {
    const { target } = context;
    return target === undefined || !isRedrivable(state, event.run)
      ? { state, waiting: { why: state.runs.length > 0 ? "in-flight" : "held" } }
      : redriveRun(state, event, { ...context, target });
  }
  return evaluate(next(state, event, context), context);
}

function next(state: ItemState, event: Exclude<ItemEvent, ItemEventOf<"redriven">>, context: RuleContext): ItemState {
  const { key, now, failedOnceDelayMs = FAILED_ONCE_DELAY_MS } = context;
  switch (event.type) {
    case "observed":
      return observe(state, event, now);
    case "code-version":
      return observeCode(state, event, now);
    case "run-started":
      return startRun(withCode(state, context.target?.codeVersion, now), key, event, now);
    case "run-ended":
      return endRun(state, key, event, { now, failedOnceDelayMs });
    case "requested":
      return ask(state, event.ask, key);
    case "withdrawn":
      return state.asks.some(({ id }) => id === event.id)
        ? { ...state, asks: state.asks.filter(({ id }) => id !== event.id) }
        : state;
    case "lost":
      return lose(state, event, now);
    case "recorded":
      return recordPast(state, event);
    case "retired":
      return retire(state, event, now);
    case "returned":
      return giveBack(state, event);
    case "evaluated":
      return state;
  }
}

function ask(state: ItemState, wish: Ask, { asset, partition }: ItemKey): ItemState {
  const known =
    state.served.includes(wish.id) ||
    state.asks.some(({ id }) => id === wish.id) ||
    state.runs.some((run) => run.ask?.id === wish.id);
  if (known || state.retiredAt !== null) return state;
  if (state.asks.length >= ASKS_MAX) {
    throw new Failure("Rejected", `${ASKS_MAX} runs of ${asset} ${partition} wait to be requested already.`, {
      code: "item_asks_full",
      what: `request a run of ${asset} ${partition}`,
      hint: "Wait for the run that is in flight, or cancel it.",
    });
  }
  return { ...state, asks: [...state.asks, wish] };
}

/** Deferred while work is in flight: the next sweep finds the same difference. */
function retire(state: ItemState, { order }: ItemEventOf<"retired">, now: number): ItemState {
  const { order: before, ...rest } = state;
  if (state.runs.length > 0) return state;
  if (state.retiredAt !== null && (order === undefined || before !== undefined)) return state;
  return { ...rest, retiredAt: state.retiredAt ?? now, asks: [], ...(order === undefined ? {} : { order }) };
}

/** What an operator has retired comes back by an operator's order only, however often a source lists it. */
function giveBack(state: ItemState, { order }: ItemEventOf<"returned">): ItemState {
  const { order: before, ...rest } = state;
  if (state.retiredAt === null || (order === undefined && before !== undefined)) return state;
  return { ...rest, retiredAt: null, ...(order === undefined ? {} : { order }) };
}

/** A report older than the latest success is of an output that has been made again since. */
function lose(state: ItemState, { at }: ItemEventOf<"lost">, now: number): ItemState {
  if (state.success === null || at <= state.success.at) return state;
  return withPending({ ...state, success: null, dataVersion: null }, ["missing"], now);
}

/** A failure of the past has had its re-request: no stampede at deployment. */
function recordPast(state: ItemState, event: ItemEventOf<"recorded">): ItemState {
  const { result, versions, codeVersion = null, dataVersion = null } = event;
  if (state.last !== null || state.runs.length > 0 || state.requests > 0) return state;
  const failed = result.status === "failed";
  const past = Object.entries(versions ?? {}).map(([name, version]) => [name, { version, at: result.at }] as const);
  return {
    ...withoutPending(state, ["missing"]),
    observed: { ...Object.fromEntries(past), ...state.observed },
    requested: versions ?? null,
    adopting: versions === undefined,
    last: result,
    failingSince: failed ? result.at : null,
    edgeSpent: failed,
    success: failed ? null : { run: result.run, at: result.at, versions: versions ?? null, codeVersion },
    dataVersion,
  };
}

function evaluate(state: ItemState, context: RuleContext): Decision {
  const { key, now, target, upstreams = [], automatic } = context;
  if (state.retiredAt !== null) return { state, waiting: { why: "retired" } };
  if (state.runs.length > 0) return { state, waiting: { why: "in-flight" } };
  const due = duePart(state, automatic);
  if (due === undefined) return { state, waiting: { why: "nothing-pending" } };
  if (target === undefined) return { state, waiting: { why: "held" } };
  for (const { upstream, busy, materialised } of upstreams) {
    if (busy) return { state, waiting: { why: "upstream-busy", upstream } };
    if (!materialised && state.observed[upstream] === undefined) {
      return { state, waiting: { why: "upstream-never-seen", upstream } };
    }
  }
  return request(state, due, key, target, now);
}

interface Due {
  readonly reason: Reason;
  readonly ask: Ask | null;
  readonly clears: readonly AutomaticReason[];
}

/** People first, then what the rule wants by itself, all at once, then backfills. */
function duePart(state: ItemState, automatic: readonly AutomaticReason[] | undefined): Due | undefined {
  // Whoever asks, from then on somebody has tried to produce it; a change of the upstream stays pending.
  const tried = state.pending.filter((reason) => reason === "missing");
  const manual = state.asks.find(({ reason }) => reason === "manual");
  if (manual !== undefined) return { reason: "manual", ask: manual, clears: tried };
  const wanted = state.pending.filter((reason) => automatic?.includes(reason) ?? true);
  const reason = wanted.find((one) => one === "failed-once") ?? wanted[0];
  if (reason !== undefined) return { reason, ask: null, clears: state.pending };
  const backfill = state.asks[0];
  return backfill === undefined ? undefined : { reason: backfill.reason, ask: backfill, clears: tried };
}

function request(state: ItemState, due: Due, key: ItemKey, target: RunTarget, now: number): Decision {
  const number = state.requests + 1;
  const name = executionName(key, number);
  const versions = versionsOf(state);
  const { code } = withCode(state, target.codeVersion, now);
  const codeVersion = code?.version ?? null;
  // A person does not wait for the delay of a re-request, but everybody does for an upstream that throttles.
  const waits = due.ask === null || state.requeues > 0;
  const { notBefore } = state;
  const made: RunRequest = {
    ...key,
    number,
    name,
    reason: due.reason,
    priority: priorityOf(due.reason),
    // A release asks for everything at once: what else happens to the asset takes turns with it.
    group: due.ask?.group ?? (due.reason === "code-changed" ? `${key.asset}#code` : key.asset),
    ...(waits && notBefore !== null && notBefore > now ? { notBefore } : {}),
    requestedAt: now,
    domain: target.domain,
    lane: target.lane,
    input: { ...target.input, ...due.ask?.input, item: { asset: key.asset, partition: key.partition } },
    versions,
    codeVersion,
  };
  const asked: ItemState = {
    ...withoutPending(state, due.clears),
    code,
    asks: state.asks.filter((one) => one !== due.ask),
    served: due.ask === null ? state.served : [...state.served, due.ask.id].slice(-SERVED_KEPT),
    requests: number,
    requested: due.ask === null ? versions : state.requested,
    adopting: due.ask === null ? false : state.adopting,
    notBefore: due.ask === null ? null : notBefore,
    runs: [
      { name, number, phase: "queued", since: now, reasons: [...due.clears], ask: due.ask, versions, codeVersion },
    ],
  };
  return { state: asked, request: made };
}
