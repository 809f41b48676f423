import type { SeenCall } from "../../test/standins/open-edx.ts";

const SECOND_MS = 1_000;
/** A call may be on its way while the answer that asks to wait is: on a busy machine, for a good while. */
const ON_ITS_WAY_MS = 1_000;

/** What was asked about versions. */
export function outlinesOf(seen: readonly SeenCall[]): {
  /** Course runs whose version was told. */
  readonly read: ReadonlySet<string>;
  readonly answered: number;
} {
  const told = seen.filter(({ call, status }) => call === "outline" && status === 200);
  return { read: new Set(told.flatMap(({ course }) => course ?? [])), answered: told.length };
}

/** How the LMS was treated. */
export function ratesOf(
  seen: readonly SeenCall[],
  retryAfterSeconds: number,
): {
  /** Calls that came within one second, wherever it begins. */
  readonly most: number;
  readonly refused: number;
  /** Calls that came while the LMS had asked to wait. */
  readonly early: number;
} {
  const calls = seen.filter(({ call }) => call === "outline").toSorted((a, b) => a.at - b.at);
  let [most, from] = [0, 0];
  for (const [index, { at }] of calls.entries()) {
    while ((calls[from]?.at ?? at) <= at - SECOND_MS) from += 1;
    most = Math.max(most, index - from + 1);
  }
  const refused = calls.filter(({ status }) => status === 429);
  const isEarly = ({ at }: SeenCall): boolean =>
    refused.some(
      ({ answeredAt }) => at > answeredAt + ON_ITS_WAY_MS && at < answeredAt + (retryAfterSeconds - 0.1) * SECOND_MS,
    );
  return { most, refused: refused.length, early: calls.filter(isEarly).length };
}
