import type { EnvironmentName, LaneDeclaration, Pipeline } from "../pipeline.ts";
import type { LaneLimits } from "./lane-state.ts";

/** Slots of a domain's own lane where nothing declares it. */
export const DEFAULT_SLOTS = 8;
/** A grant writes the lane's one item, about 150 bytes a slot: with more it gives fewer than 16 a second (docs/scale.md). */
const SLOTS_MAX = 200;

/** Runs at once in all lanes of an environment together. One machine runs `dev`; AWS is asked for far more. */
export const RUNS_AT_ONCE: Readonly<Record<EnvironmentName, number>> = {
  dev: 50,
  ci: 50,
  qa: 200,
  production: 500,
  emulated: 50,
};

/** All lanes of an environment. Throws when two domains declare the same one. */
export function lanesIn(
  environment: EnvironmentName,
  pipelines: readonly Pick<Pipeline, "domain" | "lanes" | "machine">[],
): readonly LaneLimits[] {
  const lanes = pipelines.flatMap(({ domain, lanes: declared, machine }) => [
    ...(machine === "express" || declared.some(({ id }) => id === domain)
      ? []
      : [{ id: domain, domain, slots: DEFAULT_SLOTS }]),
    ...declared.map((lane) => ({ id: lane.id, domain, slots: lane.slotsIn?.[environment] ?? lane.slots })),
  ]);
  for (const [id, same] of Map.groupBy(lanes, (lane) => lane.id)) {
    const [first, second] = same;
    if (second !== undefined) {
      throw new Error(`The lane "${id}" is declared by ${first?.domain ?? ""} and ${second.domain}: rename one.`);
    }
  }
  return lanes;
}

export const laneProblems = ({ id, slots, slotsIn = {} }: LaneDeclaration): string[] => [
  // `*` is what all lanes share in the ledger.
  ...(/^[a-z0-9][a-z0-9_/.-]*$/.test(id)
    ? []
    : [`lane "${id}" has a name of other characters than a-z, 0-9, _, /, . and -`]),
  ...[slots, ...Object.values(slotsIn)]
    .filter((count) => !Number.isInteger(count) || count < 1 || count > SLOTS_MAX)
    .map((count) => `lane "${id}" has ${count} slots; 1 to ${SLOTS_MAX} are possible`),
];
