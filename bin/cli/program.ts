import { Command, CommanderError } from "commander";
import { ENVIRONMENT_OPTION } from "./environment.ts";
import { EXIT } from "./output.ts";
import { addVerb, type Verb } from "./verb.ts";
import { alerts } from "./verbs/alerts.ts";
import { aslCheck, aslRun } from "./verbs/asl.ts";
import { assets } from "./verbs/assets.ts";
import {
  backfillCancel,
  backfillList,
  backfillPause,
  backfillPlan,
  backfillResume,
  backfillShow,
  backfillStart,
} from "./verbs/backfill.ts";
import { deliveries } from "./verbs/deliveries.ts";
import { doctor } from "./verbs/doctor.ts";
import { down } from "./verbs/down.ts";
import { failures } from "./verbs/failures.ts";
import { lakeCompact, lakeShow } from "./verbs/lake.ts";
import { land } from "./verbs/land.ts";
import { lanesClose, lanesList, lanesOpen } from "./verbs/lanes.ts";
import { partitionsAdd, partitionsConfirm, partitionsRetire } from "./verbs/partition-orders.ts";
import { partitionsList } from "./verbs/partitions.ts";
import { preflight } from "./verbs/preflight.ts";
import { lineageArchive, lineageLoad, lineageMissing, lineageObject } from "./verbs/lineage.ts";
import { quarantineExport, quarantineList, quarantineShow } from "./verbs/quarantine.ts";
import { query } from "./verbs/query.ts";
import { cancel, rerun } from "./verbs/rerun.ts";
import { reconcile } from "./verbs/reconcile.ts";
import { reset } from "./verbs/reset.ts";
import { runAgain, runRedrive, runShow, runStart, runStop } from "./verbs/run.ts";
import { runs } from "./verbs/runs.ts";
import { salvage } from "./verbs/salvage.ts";
import {
  schedulesClear,
  schedulesList,
  schedulesOff,
  schedulesOn,
  schedulesPreview,
  schedulesTicks,
} from "./verbs/schedules.ts";
import { up } from "./verbs/up.ts";

/** The whole command line: groups and their verbs. The reference page is made from this table. */
export const VERBS: readonly Verb[] = [
  up,
  down,
  reset,
  land,
  runs,
  assets,
  failures,
  reconcile,
  rerun,
  salvage,
  cancel,
  query,
  deliveries,
  alerts,
  doctor,
  preflight,
];
export const GROUPS: Readonly<Record<string, { readonly summary: string; readonly verbs: readonly Verb[] }>> = {
  run: {
    summary: "Look at one run, start one by hand, stop it or run it again",
    verbs: [runShow, runStart, runStop, runAgain, runRedrive],
  },
  partitions: {
    summary: "What an asset consists of: count and page through it; add, retire and return by hand",
    verbs: [partitionsList, partitionsAdd, partitionsRetire, partitionsConfirm],
  },
  quarantine: {
    summary: "Input that could not be accepted",
    verbs: [quarantineList, quarantineShow, quarantineExport],
  },
  schedules: {
    summary: "What runs by the clock: look ahead, look back, switch it on or off for a while",
    verbs: [schedulesList, schedulesOn, schedulesOff, schedulesClear, schedulesTicks, schedulesPreview],
  },
  backfill: {
    summary: "Run many partitions: look ahead, start, follow, pause, cancel, run what failed again",
    verbs: [backfillList, backfillPlan, backfillStart, backfillShow, backfillPause, backfillResume, backfillCancel],
  },
  lanes: {
    summary: "Which runs have a slot, which wait and why; close a lane for a while",
    verbs: [lanesList, lanesClose, lanesOpen],
  },
  lineage: {
    summary: "From a weekly archive of edx.org to the rows of its tables, and back",
    verbs: [lineageArchive, lineageObject, lineageLoad, lineageMissing],
  },
  lake: { summary: "Iceberg tables: how they are reached, and their upkeep", verbs: [lakeShow, lakeCompact] },
  asl: { summary: "Run or check a state machine alone", verbs: [aslRun, aslCheck] },
};

export function createProgram(): Command {
  const program = new Command("millrace")
    .description("Runs the data platform on this machine: the same assembly that goes to AWS.")
    .option(...ENVIRONMENT_OPTION)
    .showHelpAfterError("(add --help for what there is)")
    .exitOverride();
  for (const verb of VERBS) addVerb(program, verb);
  for (const [name, { summary, verbs }] of Object.entries(GROUPS)) {
    const group = program.command(name).description(summary);
    for (const verb of verbs) addVerb(group, verb);
  }
  return program;
}

/** Returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  try {
    const program = createProgram();
    for (const command of [program, ...program.commands, ...program.commands.flatMap((group) => group.commands)])
      command.exitOverride();
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has printed its own message; asking for help is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}
