import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { badInput } from "../cli/output.ts";

/** Not negative, with or without where it comes from. */
const Figure = z
  .union([z.number().nonnegative(), z.strictObject({ value: z.number().nonnegative(), from: z.string() })])
  .transform((figure) => (typeof figure === "number" ? figure : figure.value));
const Share = Figure.refine((share) => share <= 1, "a share is at most 1");

const Path = z.strictObject({
  name: z.string(),
  /** Of the job's runs; the last path takes what the others leave. */
  share: Share,
  atMostPerMonth: Figure.optional(),
  /** Seconds a task works, by task: exactly the tasks that this path visits. */
  seconds: z.record(z.string(), Figure),
  events: Figure.default(1),
  athenaGb: Figure.default(0),
});
export type Path = z.infer<typeof Path>;

const Job = z.strictObject({
  /** Of `runs`: only jobs that something outside starts have one. */
  share: Share.optional(),
  paths: z.array(Path).min(1),
  /** What every run brings along, whatever its path. */
  each: z
    .strictObject({
      landedMb: Figure.default(0),
      lakeMb: Figure.default(0),
      lakeFiles: Figure.default(0),
      objectPuts: Figure.default(0),
      objectGets: Figure.default(0),
      ledgerWrites: Figure.default(0),
      ledgerReads: Figure.default(0),
      secretReads: Figure.default(0),
    })
    .prefault({}),
});
export type Job = z.infer<typeof Job>;

const Service = z.strictObject({ name: z.string(), count: Figure, vcpu: Figure, gb: Figure, from: z.string() });

const Workload = z.strictObject({
  about: z.string().optional(),
  runs: Figure,
  months: Figure,
  jobs: z.record(z.string(), Job),
  shared: z.strictObject({
    fargateStartSeconds: Figure,
    spotShare: Share,
    retriesPerRun: Figure,
    alertsPerRun: Share,
    logKbPerTask: Figure,
    logKbPerTransition: Figure,
    logKbPerContainer: Figure,
    logCompression: Share,
    networkLogGb: Figure,
    metricsPerFunction: Figure,
    insightMetrics: Figure,
    eventKb: Figure,
    starterSeconds: Figure,
    keyRequestsPerRun: Figure,
    failedRunMails: Figure,
    imageGb: Figure,
    egressGb: Figure,
    endpointGb: Figure,
    adHocAthenaTb: Figure,
    relationalGb: Figure,
    relationalIo: Figure,
    relationalAcu: Figure,
  }),
  peer: z.strictObject({
    about: z.string().optional(),
    services: z.array(Service),
    databaseHours: Figure,
    databaseGb: Figure,
    natGateways: Figure,
    natGb: Figure,
    loadBalancerUnits: Figure,
    run: z.strictObject({ vcpu: Figure, gb: Figure, startSeconds: Figure }),
    logKbPerRun: Figure,
    logKbPerServiceHour: Figure,
    alarms: Figure,
  }),
});
export type Workload = z.infer<typeof Workload>;

export const DEFAULT_WORKLOAD = join(import.meta.dirname, "workload.json");

/**
 * The shipped workload, with the values of `file` in place of its own where that has some.
 * @throws Rejected `bad_input` that names the file and the field.
 */
export function readWorkload(file?: string): Workload {
  const own = readJson(DEFAULT_WORKLOAD);
  const parsed = Workload.safeParse(file === undefined ? own : overlay(own, readJson(file)));
  if (parsed.success) return parsed.data;
  throw badInput(
    `The workload ${file ?? DEFAULT_WORKLOAD} cannot be read: ${z.prettifyError(parsed.error)}`,
    `${DEFAULT_WORKLOAD} shows every field; a file of yours holds only those that differ.`,
  );
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw badInput(
      `The workload ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "Give the path of a JSON file.",
    );
  }
}

/** Objects field by field, everything else whole. A figure with its source is one value. */
function overlay(under: unknown, over: unknown): unknown {
  if (!isPlain(under) || !isPlain(over) || "value" in under || "value" in over) return over;
  return Object.fromEntries(
    [...new Set([...Object.keys(under), ...Object.keys(over)])].map((key) => [
      key,
      !(key in over) ? under[key] : key in under ? overlay(under[key], over[key]) : over[key],
    ]),
  );
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
