/** How long runs of an asset took, in milliseconds. */
export interface Estimate {
  /** Undefined = nobody knows: no run of the asset is on record. */
  readonly milliseconds?: number;
  /** Runs that it was made from. */
  readonly sample: number;
}

/** The median run, so many times, so many at once. Others of the lane go first, so it is the least that it takes. */
export function estimate(durationsMs: readonly number[], runs: number, slots: number): Estimate {
  const sample = durationsMs.length;
  const median = durationsMs.toSorted((a, b) => a - b)[Math.floor(sample / 2)];
  return median === undefined ? { sample } : { sample, milliseconds: Math.ceil(runs / Math.max(1, slots)) * median };
}

/** `3 h 20 min`, for people. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}
