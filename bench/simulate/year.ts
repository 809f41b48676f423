import { connect, sweep, tick } from "./coordinator.ts";
import { plan } from "./load.ts";
import { World, type Faults } from "./world.ts";

export const FAULTS: Faults = { lost: 0.01, late: 0.03, twice: 0.05, death: 0.002, failure: 0.04 };

const MINUTE_MS = 60_000;
/** Sweeps after the last change until a sweep asks for nothing more. */
const ROUNDS = 40;

/** What one year came to. */
export interface Year {
  readonly world: World;
  readonly lost: number;
  readonly stuck: number;
  /** Sweeps after which nothing happened any more. */
  readonly rounds: number;
  readonly seconds: number;
}

/** Lives a year and lets it come to rest. The same numbers give the same year. */
export function liveYear(seed: number, partitions: number, runs: number, faults: Faults = FAULTS): Year {
  const begun = performance.now();
  const world = new World(seed, partitions, faults);
  connect(world);
  plan(world, runs);
  world.clock.run(world.end);
  let rounds = 0;
  for (; rounds < ROUNDS; rounds += 1) {
    for (let minutes = 0; !isIdle(world) && minutes < 90 * 1_440; minutes += 1) {
      world.clock.live(tick(world), world.dies);
      world.clock.run(world.clock.now + MINUTE_MS);
    }
    if (sweep(world) === 0) break;
    world.clock.run(world.clock.now + 6 * 60 * MINUTE_MS);
  }
  const { lost, stuck } = world.verdict.lost(world);
  return { world, lost, stuck, rounds, seconds: (performance.now() - begun) / 1_000 };
}

const isIdle = ({ requests, lanes, delayed }: World): boolean =>
  requests.size === 0 &&
  delayed.size === 0 &&
  [...lanes.values()].every(({ running, state }) => running === 0 && state.running.length === 0);
