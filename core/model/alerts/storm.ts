import * as z from "zod";
import type { Fingerprint } from "./fingerprint.ts";

/** More different fingerprints than this within the span, and one grouped message takes the place of theirs. */
export const STORM_FINGERPRINTS = 20;
export const STORM_MS = 5 * 60_000;
/** Of a storm's fingerprints so many are remembered, far below the ledger's 400 KB; more of them change no decision. */
const MOST_REMEMBERED = 500;

/** Fingerprints whose message was due lately. */
export const Storm = z.object({
  arrivals: z.array(z.object({ key: z.string(), pipeline: z.string(), at: z.number() })),
});
export type Storm = z.infer<typeof Storm>;

export const calm: Storm = { arrivals: [] };

/** Adds one fingerprint whose message is due; `grouped`: it goes into the grouped message. `now` in epoch milliseconds. */
export function arrive(storm: Storm, key: string, pipeline: string, now: number): { storm: Storm; grouped: boolean } {
  const recent = storm.arrivals.filter((one) => Math.abs(now - one.at) < STORM_MS && one.key !== key);
  const arrivals = [...recent, { key, pipeline, at: now }].slice(-MOST_REMEMBERED);
  return { storm: { arrivals }, grouped: arrivals.length > STORM_FINGERPRINTS };
}

/** Different fingerprints by pipeline, the most first. */
export function byPipeline({ arrivals }: Storm, now: number): readonly (readonly [pipeline: string, count: number])[] {
  const recent = arrivals.filter(({ at }) => Math.abs(now - at) < STORM_MS);
  return [...Map.groupBy(recent, ({ pipeline }) => pipeline)]
    .map(([pipeline, own]) => [pipeline, own.length] as const)
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** The grouped message is de-duplicated as any other, by a fingerprint of its own. */
export const stormFingerprint = (environment: string): Fingerprint => ({
  environment,
  pipeline: "*",
  step: "*",
  class: "Storm",
  errorName: "many_failures",
});
