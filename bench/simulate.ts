import { parseArgs } from "node:util";
import { describeMachine, round, type BenchResult } from "./machine.ts";
import { measureIndex } from "./simulate/index-cost.ts";
import { measureDecisions } from "./simulate/sweep-cost.ts";
import { liveYear, type Year } from "./simulate/year.ts";

const SHARES = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p99", 0.99],
  ["max", 1],
] as const;
const LONGEST = 8;
const HOTTEST = 5;

/**
 * A virtual year of the coordinators over so many partitions and runs, with deaths, slow upstreams and a post that loses,
 * delays, duplicates and reorders. Exits 1 when an update was lost, a run doubled, a slot exceeded, or something still
 * waits at its end. The same options give the same year.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      partitions: { type: "string", default: "100000" },
      runs: { type: "string", default: "1000000" },
      seed: { type: "string", default: "7" },
    },
  });
  const [partitions, runs, seed] = [positive(values.partitions), positive(values.runs), positive(values.seed)];
  const decisions = measureDecisions(seed, partitions);
  const index = await measureIndex(partitions);
  const year = liveYear(seed, partitions, runs);
  const { world, lost, stuck } = year;
  const { verdict, starts, transitions } = world;
  describe(year);
  const wrong = lost + stuck + verdict.doubleRuns + verdict.overSlots;
  if (wrong > 0 || world.runs < runs) process.exitCode = 1;
  return {
    bench: "simulate",
    machine: describeMachine(),
    figures: {
      ...{ partitions, runs: world.runs, seed },
      lost_updates: lost,
      double_runs: verdict.doubleRuns,
      over_slots: verdict.overSlots,
      waiting_for_ever: stuck,
      events_delivered: world.delivered,
      coordinators_killed: world.deaths,
      conflicts: world.conflicts,
      conflicts_given_up: world.contended,
      ...queueAges(year),
      write_units_per_run: round(world.units.writes / world.runs),
      read_units_per_run: round(world.units.reads / world.runs),
      write_units_at_most_s: world.units.hottest(1)[0]?.peak ?? 0,
      ...keyFigures(year),
      starts_at_most_s: starts.peakPerSecond,
      starts_throttled: starts.throttled,
      transitions_at_most_s: transitions.peakPerSecond,
      transitions_throttled: transitions.throttled,
      coordinator_calls_at_most_s: world.express.peakPerSecond,
      describes_at_most_s: world.describes.peakPerSecond,
      describes_throttled: world.describes.throttled,
      decide_partitions: decisions.partitions,
      decide_unchanged_ms: round(decisions.unchanged.ms),
      decide_unchanged_cpu_ms: round(decisions.unchanged.cpuMs),
      decide_unchanged_writes: decisions.unchanged.changed,
      decide_1_of_1000_changed_ms: round(decisions.moved.ms),
      decide_1_of_1000_changed_cpu_ms: round(decisions.moved.cpuMs),
      decide_1_of_1000_changed_writes: decisions.moved.changed,
      add_partitions_s: round(index.addMs / 1_000),
      find_100_changed_ms: round(index.foundMs),
      count_by_status_ms: round(index.countMs),
      real_s: round(year.seconds),
    },
    ratios: {
      virtual_over_real: round((365 * 86_400) / year.seconds, 0),
      starts_of_quota: round((1_300 - starts.lowest) / 1_300, 3),
      transitions_of_quota: round((5_000 - transitions.lowest) / 5_000, 3),
      describes_of_quota: round((300 - world.describes.lowest) / 300, 3),
    },
  };
}

const queueAges = ({ world }: Year): Record<string, number> =>
  Object.fromEntries(
    world.waits
      .quantiles(SHARES.map(([, share]) => share))
      .flatMap(({ priority, ms }) =>
        SHARES.map(([name], index) => [
          `wait_${priority.replace("-", "_")}_${name}_s`,
          round((ms[index] ?? 0) / 1_000),
        ]),
      ),
  );

const keyFigures = ({ world }: Year): Record<string, number> =>
  Object.fromEntries(
    [...world.units.patterns()].flatMap(([pattern, { total, peak, over }]) => [
      [`${pattern}_write_units`, total],
      [`${pattern}_peak_s`, peak],
      [`${pattern}_seconds_over_1000`, over],
    ]),
  );

function describe({ world }: Year): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const line of world.verdict.first) say(`wrong: ${line}`);
  say("longest waits:");
  for (const { kind, ms } of world.waits.longest(LONGEST)) say(`  ${kind}  ${round(ms / 60_000)} min`);
  say("busiest keys of the ledger, in write units of their busiest second:");
  for (const { key, peak } of world.units.hottest(HOTTEST)) say(`  ${key}  ${peak}`);
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`"${text}" is no positive whole number.`);
}
