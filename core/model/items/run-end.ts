import type { ItemEventOf, RunOutcome } from "./item-event.ts";
import type { ItemKey } from "./item-key.ts";
import type { ItemRun, ItemState } from "./item-state.ts";
import { withPending, withoutPending } from "./observe.ts";
import { isPermanent } from "./reasons.ts";
import { requestNumber } from "./run-request.ts";

/** How the rule treats ends. */
export interface EndRules {
  readonly now: number;
  /** How long the one re-request waits. */
  readonly failedOnceDelayMs: number;
}

/** Events of runs from outside may be late by this many ends; older ones are told by their time. */
const ENDED_KEPT = 16;
/** An end that was told by an event and found by a look at the execution: the two may differ in their fractions. */
const SAME_END_MS = 1_000;
/** Times that a throttled run goes to the back of its lane before it counts as a failure. */
const REQUEUES = 3;
const REQUEUE_AFTER_MS = 60_000;
const MESSAGE_MAX_CHARS = 300;

/**
 * Closes a run. A second end, and the end of an old run, change nothing. An end of a run from outside that comes before
 * its start counts, and the start that follows does not. A run that ends later than its end on record has been continued
 * meanwhile, by us or in the console: its new result counts.
 */
export function endRun(state: ItemState, key: ItemKey, event: ItemEventOf<"run-ended">, rules: EndRules): ItemState {
  const run = state.runs.find(({ name }) => name === event.run);
  // One that has succeeded cannot go on.
  const told = state.last?.status === "failed" && state.last.run === event.run ? state.last.at : undefined;
  if (told !== undefined && event.at <= told + (run === undefined ? SAME_END_MS : 0)) return state;
  if (
    run === undefined &&
    told === undefined &&
    (state.ended.includes(event.run) || requestNumber(key, event.run) !== undefined)
  ) {
    return state;
  }
  const closed: ItemState = {
    ...state,
    runs: state.runs.filter((other) => other !== run),
    // A request's own name says that it is old once it is not among the runs.
    ended: run?.number == null ? [...state.ended, event.run].slice(-ENDED_KEPT) : state.ended,
  };
  // Of a run that nobody saw start only the time can tell whether its result is still the latest.
  if (run === undefined && state.last !== null && event.at <= state.last.at) return closed;
  return applyOutcome(closed, run, event, rules);
}

function applyOutcome(
  state: ItemState,
  run: ItemRun | undefined,
  { run: name, at, outcome }: ItemEventOf<"run-ended">,
  rules: EndRules,
): ItemState {
  switch (outcome.status) {
    case "succeeded":
      return succeed(state, run, name, at, outcome.dataVersion);
    case "failed":
      return fail(state, run, name, at, outcome, rules);
    case "interrupted":
      return run === undefined ? state : restore(state, run, rules.now);
    case "cancelled":
      return state;
  }
}

function succeed(
  state: ItemState,
  run: ItemRun | undefined,
  name: string,
  at: number,
  dataVersion: string | null | undefined,
): ItemState {
  const codeVersion = run?.codeVersion ?? null;
  const current = state.code === null || codeVersion === state.code.version;
  return {
    ...withoutPending(state, current ? ["missing", "failed-once", "code-changed"] : ["missing", "failed-once"]),
    last: { status: "succeeded", run: name, at },
    failingSince: null,
    edgeSpent: false,
    requeues: 0,
    notBefore: null,
    adopting: false,
    success: { run: name, at, versions: run?.versions ?? state.success?.versions ?? null, codeVersion },
    dataVersion: dataVersion === undefined ? state.dataVersion : dataVersion,
  };
}

type Failed = Extract<RunOutcome, { status: "failed" }>;

function fail(
  state: ItemState,
  run: ItemRun | undefined,
  name: string,
  at: number,
  failure: Failed,
  { now, failedOnceDelayMs }: EndRules,
): ItemState {
  if (failure.class === "Throttled" && run?.number != null && state.requeues < REQUEUES) {
    const notBefore = now + (failure.retryAfterMs ?? REQUEUE_AFTER_MS);
    return { ...restore(state, run, now), requeues: state.requeues + 1, notBefore };
  }
  const { code, message } = failure;
  const failed: ItemState = {
    // Somebody has tried: what is left of the attempt is its failure.
    ...(run === undefined ? withoutPending(state, ["missing"]) : state),
    last: {
      status: "failed",
      run: name,
      at,
      class: failure.class,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message: message.slice(0, MESSAGE_MAX_CHARS) }),
    },
    failingSince: state.failingSince ?? at,
    requeues: 0,
    // A closed lane spends no edge: what fails for another cause once it is open has its re-request still.
    edgeSpent: state.edgeSpent || failure.class !== "Misconfigured",
  };
  if (state.edgeSpent || isPermanent(failure.class)) return failed;
  // The delay is not meant for news: what changed during the run goes at once.
  const isNews = state.pending.includes("upstream-changed") || state.pending.includes("code-changed");
  const notBefore = isNews ? state.notBefore : now + failedOnceDelayMs;
  return { ...withPending(failed, ["failed-once"], now), notBefore };
}

/** The run did not count: what it was asked for is asked for again. */
function restore(state: ItemState, { ask, wish, reasons }: ItemRun, now: number): ItemState {
  const asks = [wish, ask].filter((one) => one != null);
  const asked = asks.length === 0 ? state : { ...state, asks: [...asks, ...state.asks] };
  return ask === null ? withPending(asked, reasons, now) : asked;
}
