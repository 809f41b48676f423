import * as z from "zod";

/**
 * Who builds the lakehouse's models, and what for: one item that every change goes through by a conditional write.
 * Marks are numbered; a build covers all marks up to the number it saw when it began. So a burst of marks becomes
 * one build, and a mark that comes too late for one build is covered by the next.
 */
export const BuilderState = z.object({
  /** Number of the latest mark. */
  requested: z.number().int().nonnegative(),
  /** Every mark up to this one is in a build that succeeded. */
  built: z.number().int().nonnegative(),
  /** The latest mark that asked for all models. */
  all: z.number().int().nonnegative(),
  /** Version of the dbt project that the models were built with; null before the first build. */
  project: z.string().nullable(),
  claim: z
    .object({
      run: z.string(),
      /** Of the attempt that builds: an earlier attempt that is still alive finds another one here and stops. */
      token: z.string().nullable(),
      /** Epoch milliseconds. */
      until: z.number(),
      /** The mark up to which this claim's latest build goes; null before it began. */
      goal: z.number().int().nullable(),
    })
    .nullable(),
  /** The latest build, if it failed. */
  failure: z
    .object({
      run: z.string(),
      goal: z.number().int(),
      name: z.string(),
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      retryable: z.boolean(),
      /** A sweep has asked for it again: it asks once. */
      askedAgain: z.boolean(),
    })
    .nullable(),
});
export type BuilderState = z.infer<typeof BuilderState>;
export type BuildFailure = NonNullable<BuilderState["failure"]>;
type Claim = NonNullable<BuilderState["claim"]>;

export const NOTHING_REQUESTED: BuilderState = {
  requested: 0,
  built: 0,
  all: 0,
  project: null,
  claim: null,
  failure: null,
};

/** Between states of the machine: the wait to gather (up to 5 minutes), a queue, a container's start, retries. */
export const IDLE_CLAIM_MS = 15 * 60_000;
/** While a build runs and renews: how soon a dead builder's claim is free for another run. */
export const BUILD_CLAIM_MS = 2 * 60_000;

/** Numbers a new mark. */
export const mark = (state: BuilderState, everything: boolean): BuilderState => ({
  ...state,
  requested: state.requested + 1,
  all: everything ? state.requested + 1 : state.all,
});

/**
 * Makes `run` the builder if something is stale and nobody else is at work. A build that failed is asked for again
 * by a new mark, or once by a sweep if another attempt can help; not in a loop.
 */
export function claim(state: BuilderState, run: string, now: number): { state: BuilderState; build: boolean } {
  const refused = { state, build: false };
  if (state.claim?.run === run) return { state: extended(state, state.claim, now), build: true };
  if (state.claim !== null && state.claim.until > now) return refused;
  if (state.requested === state.built) return refused;
  const { failure } = state;
  const spent = failure !== null && failure.goal === state.requested;
  if (spent && (!failure.retryable || failure.askedAgain)) return refused;
  return {
    state: {
      ...state,
      claim: { run, token: null, until: now + IDLE_CLAIM_MS, goal: null },
      failure: spent ? { ...failure, askedAgain: true } : failure,
    },
    build: true,
  };
}

export interface Begun {
  readonly state: BuilderState;
  /** Inputs marked after this one are stale. */
  readonly since: number;
  readonly goal: number;
  readonly everything: boolean;
}

/** Starts a build of all marks so far. Undefined: another run is the builder, or nothing is stale. */
export function begin(
  state: BuilderState,
  by: { readonly run: string; readonly token: string; readonly project: string },
  now: number,
): Begun | undefined {
  if (state.claim !== null && state.claim.run !== by.run && state.claim.until > now) return undefined;
  if (state.requested === state.built) return undefined;
  const goal = state.requested;
  return {
    state: { ...state, claim: { run: by.run, token: by.token, until: now + BUILD_CLAIM_MS, goal } },
    since: state.built,
    goal,
    // The first build and a changed project concern models that no mark names.
    everything: state.built === 0 || state.all > state.built || state.project !== by.project,
  };
}

/** Keeps the claim of a running build. Undefined: it is lost, stop building. */
export const renew = (state: BuilderState, token: string, now: number): BuilderState | undefined =>
  state.claim?.token === token ? { ...state, claim: { ...state.claim, until: now + BUILD_CLAIM_MS } } : undefined;

export type FailedBuild = Omit<BuildFailure, "run" | "goal" | "askedAgain">;
export type BuildOutcome = { readonly project: string } | { readonly failure: FailedBuild };

/** Ends a build; the claim stays for the release. Undefined: the claim was lost, so the result does not count. */
export function finish(
  state: BuilderState,
  token: string,
  outcome: BuildOutcome,
  now: number,
): BuilderState | undefined {
  if (state.claim === null || state.claim.token !== token || state.claim.goal === null) return undefined;
  const { run, goal } = state.claim;
  const ended = extended(state, { ...state.claim, token: null }, now);
  if ("project" in outcome) {
    return { ...ended, built: Math.max(state.built, goal), project: outcome.project, failure: null };
  }
  const askedAgain = state.failure?.goal === goal && state.failure.askedAgain;
  return { ...ended, failure: { ...outcome.failure, run, goal, askedAgain } };
}

/**
 * Gives the claim up, or keeps it for another round when something was marked after the latest build began.
 * `died` is why the build of this run had no end of its own. The failure that comes back is the run's: what the
 * state machine has to end with.
 */
export function release(
  state: BuilderState,
  run: string,
  now: number,
  died?: FailedBuild,
): { state: BuilderState; again: boolean; failure?: BuildFailure } {
  const known = state.failure?.run === run ? state.failure : undefined;
  if (state.claim?.run !== run) {
    const failure = died === undefined ? known : { ...died, run, goal: state.requested, askedAgain: false };
    return { state, again: false, ...(failure === undefined ? {} : { failure }) };
  }
  const goal = state.claim.goal ?? state.requested;
  const askedAgain = state.failure?.goal === goal && state.failure.askedAgain;
  const failure = died === undefined ? known : { ...died, run, goal, askedAgain };
  const recorded = failure === undefined ? state : { ...state, failure };
  if (state.requested > goal) return { state: extended(recorded, state.claim, now), again: true };
  return { state: { ...recorded, claim: null }, again: false, ...(failure === undefined ? {} : { failure }) };
}

const extended = (state: BuilderState, held: Claim, now: number): BuilderState => ({
  ...state,
  claim: { ...held, until: now + IDLE_CLAIM_MS },
});
