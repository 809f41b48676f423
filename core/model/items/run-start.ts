import type { ItemEventOf } from "./item-event.ts";
import type { ItemKey } from "./item-key.ts";
import type { ItemRun, ItemState } from "./item-state.ts";
import { observe, versionsOf, withoutPending } from "./observe.ts";
import { requestNumber } from "./run-request.ts";

/** Of runs from outside that are tracked at a time; more of one item is a mistake elsewhere that must not fill it. */
const RUNS_MAX = 16;

/**
 * Marks a requested run as running, and tracks one that somebody else has started. With
 * `versions`, that start is the request for them: it clears the change that they were.
 */
export function startRun(state: ItemState, key: ItemKey, event: ItemEventOf<"run-started">, now: number): ItemState {
  const known = state.runs.find(({ name }) => name === event.run);
  if (known !== undefined) {
    if (known.phase === "running") return state;
    const running: ItemRun = { ...known, phase: "running", since: Math.min(event.at, now) };
    return { ...state, runs: state.runs.map((run) => (run === known ? running : run)) };
  }
  const old = state.ended.includes(event.run) || requestNumber(key, event.run) !== undefined;
  if (old || state.runs.length >= RUNS_MAX) return state;
  const started = startedFor(state, event, now);
  const run: ItemRun = {
    name: event.run,
    number: null,
    phase: "running",
    since: Math.min(event.at, now),
    reasons: [
      ...state.pending.filter((reason) => reason === "missing"),
      ...(event.versions === undefined ? [] : (["upstream-changed"] as const)),
    ],
    ask: null,
    versions: event.versions ?? versionsOf(started),
    codeVersion: state.code?.version ?? null,
  };
  return { ...withoutPending(started, ["missing"]), runs: [...started.runs, run] };
}

function startedFor(state: ItemState, { versions, at }: ItemEventOf<"run-started">, now: number): ItemState {
  if (versions === undefined) return state;
  const seen = Object.entries(versions).reduce(
    (known, [upstream, version]) => observe(known, { type: "observed", upstream, version, at }, now),
    state,
  );
  const requested = { ...seen.requested, ...versions };
  const covered = Object.entries(seen.observed).every(([upstream, { version }]) => requested[upstream] === version);
  return { ...(covered ? withoutPending(seen, ["upstream-changed"]) : seen), requested };
}
