import type { ItemEventOf } from "./item-event.ts";
import type { ItemState, Sighting, Versions } from "./item-state.ts";
import type { AutomaticReason } from "./reasons.ts";

const AHEAD_KEPT = 8;
/** AWS refuses requests signed by a clock that is further off: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html */
const SKEW_MAX_MS = 5 * 60_000;

/** Whoever requests may be of the deployment before for as long: a stamp gives way to any event that is not older. */
const STAMP_SLACK_MS = 3_600_000;

/**
 * Whether a sighting replaces the one that is known: the later one by its observer's clock, and of two at the same
 * instant the greater version, so that any order of delivery ends with the same one. What is known from the future
 * (the clock of whoever decided was wrong) gives way to whatever comes. A wrong clock so delays a change until the
 * next sweep after the difference has passed, and loses none.
 */
function replaces(next: Sighting, known: Sighting | null | undefined, now: number): boolean {
  if (known == null || known.at > now + SKEW_MAX_MS) return true;
  return next.at > known.at || (next.at === known.at && next.version > known.version);
}

/** A sighting from the future is one of now. */
const sighted = (version: string, at: number, now: number): Sighting => ({
  version,
  at: at > now + SKEW_MAX_MS ? now : at,
});

/** The same version again changes nothing, not even the time: an unchanged sweep writes nothing. */
export function observe(state: ItemState, { upstream, version, at }: ItemEventOf<"observed">, now: number): ItemState {
  const known = state.observed[upstream];
  const next = sighted(version, at, now);
  if (known?.version === version || !replaces(next, known, now)) return state;
  const isSame = (one: (typeof state.ahead)[number]): boolean =>
    one.upstream === upstream && one.version === version && one.at === at;
  if (state.ahead.some(isSame)) return state;
  const seen: ItemState = {
    ...state,
    observed: { ...state.observed, [upstream]: next },
    ahead: at === next.at ? state.ahead : [...state.ahead, { upstream, version, at }].slice(-AHEAD_KEPT),
  };
  if (state.adopting && known === undefined) {
    return { ...seen, requested: { ...state.requested, [upstream]: version } };
  }
  return withPending(seen, ["upstream-changed"], now);
}

/**
 * The first code version that an item hears of is no change unless it was produced with another, and none is a change
 * for what nobody has tried to produce: ten years of partitions that wait for a backfill do not start with a release.
 */
export function observeCode(
  state: ItemState,
  { version, before: first = version, at }: ItemEventOf<"code-version">,
  now: number,
): ItemState {
  const next = sighted(version, at, now);
  const isKnown = state.code?.version === version && state.code.stamped !== true;
  if (isKnown || !replaces(next, state.code, now)) return state;
  const before = state.code?.version ?? state.success?.codeVersion ?? first;
  const tried = state.last !== null || state.runs.length > 0;
  // What waits to be tried learns it from its request: nothing is written into ten years of partitions.
  if (!tried && state.code === null) return state;
  const known = { ...state, code: next };
  return before === version || !tried ? known : withPending(known, ["code-changed"], now);
}

/**
 * Of a code version that a request brought, and no event yet: dated back, so that the event of a deployment replaces it
 * that whoever requested had not heard of, and one that was long delivered elsewhere does not.
 */
export const withCode = (state: ItemState, version: string | undefined, now: number): ItemState =>
  state.code !== null || version === undefined
    ? state
    : { ...state, code: { version, at: Math.max(0, now - STAMP_SLACK_MS), stamped: true } };

export function withPending(state: ItemState, reasons: readonly AutomaticReason[], now: number): ItemState {
  const missing = reasons.filter((reason) => !state.pending.includes(reason));
  if (missing.length === 0) return state;
  return { ...state, pending: [...state.pending, ...missing], pendingSince: state.pendingSince ?? now };
}

export function withoutPending(state: ItemState, reasons: readonly AutomaticReason[]): ItemState {
  const pending = state.pending.filter((reason) => !reasons.includes(reason));
  return { ...state, pending, pendingSince: pending.length === 0 ? null : state.pendingSince };
}

export const versionsOf = (state: ItemState): Versions =>
  Object.fromEntries(Object.entries(state.observed).map(([upstream, { version }]) => [upstream, version]));
