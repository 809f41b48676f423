import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import middy, { type MiddyfiedHandler } from "@middy/core";
import * as z from "zod";
import { connect } from "./io/connect.ts";
import type { Io } from "./io/ports.ts";
import { ENV, readSettings, type Settings } from "./io/settings.ts";
import { Failure, describeFailure, isFailureName } from "./model/failures.ts";
import { RunContext } from "./model/run-context.ts";
import { recordStepEnd, recordStepStart } from "./run-record.ts";

const Envelope = z.object({ run: RunContext, input: z.unknown() });

export interface TaskContext {
  readonly io: Io;
  readonly settings: Settings;
  readonly run: RunContext;
  readonly log: Logger;
  /** Counts something of the environment by other dimensions than the task's own; published at once. */
  readonly measure: Measure;
}

export type Measure = (
  name: string,
  value: number,
  unit: "Count" | "Seconds",
  dimensions?: Readonly<Record<string, string>>,
) => void;

export interface TaskDefinition<I, O> {
  /** PascalCase: the state, the metric, the label. */
  readonly name: string;
  readonly input: z.ZodType<I>;
  /** Its steps are no history for people: it is called for every run of others. */
  readonly unrecorded?: boolean;
  readonly run: (input: I, context: TaskContext) => Promise<O>;
}

export type TaskHandler = MiddyfiedHandler<unknown, unknown>;

/**
 * What every task gets for free: the input is checked before anything happens, logs and metrics carry the run,
 * the step is on record, and whatever is thrown leaves as one of the closed set of names with its record as message.
 */
export function task<I, O>(definition: TaskDefinition<I, O>): TaskHandler {
  const logger = new Logger({ serviceName: definition.name });
  // Environments may share an account, and domains a task: without these, their figures would be one.
  const environment = process.env[ENV.environment] ?? "unknown";
  const metrics = new Metrics({
    namespace: "Millrace",
    serviceName: definition.name,
    defaultDimensions: { environment },
  });
  const measure: Measure = (name, value, unit, dimensions = {}) => {
    const single = metrics.singleMetric();
    single.clearDefaultDimensions();
    single.addDimensions({ environment, ...dimensions });
    single.addMetric(name, MetricUnit[unit], value);
  };
  return middy<unknown, unknown>().handler(async (event) => {
    const startedAt = new Date();
    let domain: string | undefined;
    try {
      const { run, input } = parseEnvelope(definition, event);
      ({ domain } = run);
      metrics.addDimension("domain", domain);
      logger.appendKeys({ run: run.id, domain: run.domain, job: run.job, attempt: run.attempt });
      const settings = readSettings(process.env);
      const io = await connectOnce(settings);
      const recorded = definition.unrecorded !== true;
      if (recorded) await recordStepStart(io.ledger, run, startedAt);
      try {
        const output = await definition.run(input, { io, settings, run, log: logger, measure });
        if (recorded) await recordStepEnd(io.ledger, run, startedAt, { output });
        metrics.addMetric("TaskMilliseconds", MetricUnit.Milliseconds, Date.now() - startedAt.getTime());
        return output;
      } catch (error) {
        if (recorded) await recordStepEnd(io.ledger, run, startedAt, { failure: describeFailure(error) });
        throw error;
      }
    } catch (error) {
      metrics.addMetric("TaskFailed", MetricUnit.Count, 1);
      const record = describeFailure(error);
      // A bug: its name is to be mapped to one of the closed set.
      if (domain !== undefined && !isFailureName(record.class)) measure("UnclassifiedErrors", 1, "Count", { domain });
      logger.error(record.message, { failure: record, stack: error instanceof Error ? error.stack : undefined });
      throw carried(error, record);
    } finally {
      metrics.publishStoredMetrics();
    }
  });
}

function parseEnvelope<I>(definition: TaskDefinition<I, unknown>, event: unknown): { run: RunContext; input: I } {
  const envelope = Envelope.safeParse(event);
  if (!envelope.success) throw wrongInput(definition.name, "its envelope", envelope.error);
  const input = definition.input.safeParse(envelope.data.input);
  if (!input.success) throw wrongInput(definition.name, "its input", input.error);
  return { run: envelope.data.run, input: input.data };
}

function wrongInput(name: string, part: string, error: z.ZodError): Failure {
  return new Failure("Misconfigured", `${name} cannot read ${part}: ${z.prettifyError(error)}`, {
    code: "wrong_input",
    what: `start ${name}`,
    hint: "Compare the execution's input with docs/reference/pipelines.md and start it again.",
    cause: error,
  });
}

let connected: { readonly settings: string; readonly io: Promise<Io> } | undefined;

/** One set of clients per process: a warm task reuses its connections. */
async function connectOnce(settings: Settings): Promise<Io> {
  const key = JSON.stringify(settings);
  if (connected?.settings !== key) connected = { settings: key, io: connect(settings) };
  return connected.io;
}

/** The message is the record: Lambda and Step Functions pass only name and message on. */
function carried(error: unknown, record: ReturnType<typeof describeFailure>): Error {
  const out = new Error(JSON.stringify(record), { cause: error });
  out.name = record.class;
  return out;
}
