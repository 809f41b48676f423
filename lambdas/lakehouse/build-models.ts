import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Io, LakeTarget } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { BUILD_CLAIM_MS, begin, finish, renew, type BuildOutcome } from "../../core/model/staleness.ts";
import { task } from "../../core/task.ts";
import { changeBuilder } from "./builder-item.ts";
import { buildWithDbt } from "./dbt-build.ts";
import { nodeResults, type NodeResult } from "./dbt-results.ts";
import { readDbtSettings, type DbtSettings } from "./dbt-settings.ts";
import { projectVersion } from "./project-version.ts";
import { recordBuild } from "./record-build.ts";
import { staleInputs } from "./stale-inputs.ts";

export const handler = task({
  name: "BuildModels",
  input: z.looseObject({}),
  run: (_input, { io, settings, run, log }) =>
    buildModels(io, readDbtSettings(settings, process.env), {
      run: run.id,
      artifacts: settings.buckets.artifacts,
      // Half of the task's memory: Python, Node and what DuckDB takes above its limit share the rest.
      env: { MILLRACE_DBT_MEMORY: `${Math.floor(settings.memoryMb / 2)}MB`, ...process.env },
      log: (line) => log.info(line),
    }),
});

/** Names of failed nodes in an output: a broken source can fail hundreds. */
const FAILED_MAX = 50;

export interface BuildAnswer {
  /** Models that were built, whether or not their rows changed. */
  readonly built: number;
  readonly failed: readonly { readonly key: string; readonly name: string; readonly code: string }[];
  /** Something is still stale: the build failed, or more was marked meanwhile. */
  readonly remaining: boolean;
}

/** Builds everything that was marked so far, in one dbt process, if this run is the builder. */
export async function buildModels(
  io: Pick<Io, "ledger" | "bus" | "lake" | "objects">,
  dbt: DbtSettings,
  options: {
    readonly run: string;
    readonly artifacts: string;
    readonly env: NodeJS.ProcessEnv;
    readonly log: (line: string) => void;
  },
): Promise<BuildAnswer> {
  const { run, log } = options;
  const token = randomUUID();
  const project = await projectVersion(dbt.project);
  const begun = await changeBuilder(io.ledger, (state) => {
    const result = begin(state, { run, token, project }, Date.now());
    return { state: result?.state, result };
  });
  if (begun === undefined) return { built: 0, failed: [], remaining: false };

  const inputs = begun.everything ? [] : await staleInputs(io.ledger, begun.since);
  log(begun.everything ? "Building all models." : `Building what depends on ${inputs.join(", ")}.`);
  // With the project that the tables were built with, a row's identity says whether it has changed.
  const sameProject = begun.everything ? {} : { MILLRACE_DBT_SAME_PROJECT: "yes" };
  const select = inputs.map((table) => `source:${table}+`);
  const results = await whileClaimed(io, token, (signal) =>
    buildWithDbt(dbt, select, { env: { ...options.env, ...sameProject, ...lakeEnvironment(io.lake) }, log, signal }),
  );
  const nodes = nodeResults(results);
  await recordBuild(io, { runId: run, project, results, nodes, artifacts: options.artifacts });
  return end(io, token, nodes, project);
}

/** dbt attaches the lake by the same statements as every other task, so that there is one place to change them. */
const lakeEnvironment = ({ extensions, attachSql, tablesAt = "" }: LakeTarget) => ({
  MILLRACE_LAKE: JSON.stringify({ extensions, attach: attachSql }),
  MILLRACE_LAKE_TABLES_AT: tablesAt,
});

/** Runs `work` while the claim is kept alive; a claim that is lost stops it. */
async function whileClaimed<T>(
  io: Pick<Io, "ledger">,
  token: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const ended = new AbortController();
  const beat = async (): Promise<void> => {
    let until = Date.now() + BUILD_CLAIM_MS;
    while (!ended.signal.aborted) {
      await pause(BUILD_CLAIM_MS / 6, undefined, { signal: ended.signal }).catch(() => undefined);
      if (ended.signal.aborted) return;
      try {
        const kept = await changeBuilder(io.ledger, (state) => {
          const next = renew(state, token, Date.now());
          return { state: next, result: next !== undefined };
        });
        if (!kept) return lost.abort(claimLost());
        until = Date.now() + BUILD_CLAIM_MS;
      } catch {
        // A ledger that does not answer may answer the next beat; past the claim's end another run may build.
        if (Date.now() > until) return lost.abort(claimLost());
      }
    }
  };
  const beating = beat();
  try {
    return await work(lost.signal);
  } finally {
    ended.abort();
    await beating;
  }
}

async function end(
  io: Pick<Io, "ledger">,
  token: string,
  nodes: readonly NodeResult[],
  project: string,
): Promise<BuildAnswer> {
  const broken = nodes.filter(({ outcome }) => outcome === "failed");
  const outcome: BuildOutcome = broken.length === 0 ? { project } : { failure: failureOf(broken) };
  const after = await changeBuilder(io.ledger, (state) => {
    const next = finish(state, token, outcome, Date.now());
    return { state: next, result: next };
  });
  if (after === undefined) throw claimLost();
  return {
    built: nodes.filter(({ kind, outcome: one }) => kind === "model" && one === "succeeded").length,
    failed: broken.slice(0, FAILED_MAX).map(({ name, failure = "Malformed", status }) => ({
      key: name,
      name: failure,
      code: `dbt_${status.replaceAll(/\W+/g, "_")}`,
    })),
    remaining: after.requested > after.built,
  };
}

/** One failure for the run: that of the first broken node, in dbt's own text, with the names of the others. */
function failureOf(broken: readonly NodeResult[]) {
  const [first, ...others] = broken;
  const worst = broken.find(({ failure }) => failure === "Malformed" || failure === "Misconfigured") ?? first;
  const also = others.length === 0 ? "" : ` Also failed: ${others.map(({ name }) => name).join(", ")}.`;
  const found = worst?.failure ?? "Malformed";
  // A commit race that outlasted its attempts is nobody's decision: the next build takes it up.
  const name = found === "Conflict" ? "Transient" : found;
  return {
    name,
    code: worst?.kind === "test" ? "dbt_test_failed" : "dbt_model_failed",
    message: `${worst?.id ?? "dbt"}: ${worst?.message ?? ""}${also}`.slice(0, 3_500),
    retryable: name === "Transient" || name === "Throttled",
  };
}

const claimLost = (): Failure =>
  new Failure("Transient", "The claim on the build was lost: it was not renewed in time.", {
    code: "lease_lost",
    what: "build the stale models",
    hint: "Another attempt or run builds now; what was stale stays marked.",
  });
