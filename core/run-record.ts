import { isFailure, type FailureRecord } from "./model/failures.ts";
import type { Ledger } from "./io/ports.ts";
import type { RunContext } from "./model/run-context.ts";

/** Run records are history for people; the versions that decide what runs live elsewhere and do not expire. */
const KEEP_DAYS = 400;

const expiry = (): number => Math.floor(Date.now() / 1000) + KEEP_DAYS * 86_400;

/** `pk run, sk <run id>`: the header. `pk run#<run id>, sk <state>#<attempt>`: one item per attempt of a step. */
export async function recordStepStart(ledger: Ledger, run: RunContext, startedAt: Date): Promise<void> {
  try {
    await ledger.write([
      {
        put: {
          pk: "run",
          sk: run.id,
          data: { domain: run.domain, job: run.job, trigger: run.trigger, startedAt: run.startedAt },
          expiresAt: expiry(),
        },
        if: { absent: true },
      },
    ]);
  } catch (error) {
    if (!(isFailure(error) && error.name === "Conflict")) throw error;
  }
  await ledger.write([step(run, { startedAt: startedAt.toISOString(), status: "running" })]);
}

export async function recordStepEnd(
  ledger: Ledger,
  run: RunContext,
  startedAt: Date,
  end: { readonly output: unknown } | { readonly failure: FailureRecord },
): Promise<void> {
  const times = { startedAt: startedAt.toISOString(), endedAt: new Date().toISOString() };
  if ("failure" in end) {
    await ledger.write([step(run, { ...times, status: "failed", failure: end.failure })]);
    return;
  }
  await ledger.write([step(run, { ...times, status: "succeeded", output: end.output ?? null })]);
  const label = subjectOf(end.output);
  if (label !== undefined) {
    await ledger.write([
      {
        put: {
          pk: "run",
          sk: run.id,
          data: { domain: run.domain, job: run.job, trigger: run.trigger, startedAt: run.startedAt, ...label },
          expiresAt: expiry(),
        },
        if: { any: true },
      },
    ]);
  }
}

function step(run: RunContext, data: Readonly<Record<string, unknown>>) {
  return {
    put: {
      pk: `run#${run.id}`,
      sk: `${run.state}#${String(run.attempt).padStart(3, "0")}`,
      data,
      expiresAt: expiry(),
    },
    if: { any: true },
  } as const;
}

/** A step whose output names an asset and a partition labels the whole run with them. */
function subjectOf(output: unknown): { asset: string; partition: string } | undefined {
  if (typeof output !== "object" || output === null || !("asset" in output) || !("partition" in output))
    return undefined;
  const { asset, partition } = output;
  return typeof asset === "string" && typeof partition === "string" ? { asset, partition } : undefined;
}
