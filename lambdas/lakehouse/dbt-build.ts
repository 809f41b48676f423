import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../core/model/failures.ts";
import { athenaProject } from "./athena-project.ts";
import { runDbt } from "./dbt-process.ts";
import { classify, mergeResults, nodeResults, readRunResults, type RunResults } from "./dbt-results.ts";
import type { DbtSettings } from "./dbt-settings.ts";

/** Of one model within one build; what lasts longer is a matter for the next build. */
const MODEL_ATTEMPTS = 3;
const PAUSE_MS = 300;

/**
 * `dbt build` of a selection (empty = everything) in one process, then again of just the models that failed because
 * of a commit race or the engine. A failed model is a result, not an error; that dbt itself did not run is thrown.
 */
export async function buildWithDbt(
  settings: DbtSettings,
  select: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly log: (line: string) => void; readonly signal: AbortSignal },
): Promise<RunResults> {
  const scratch = await mkdtemp(join(tmpdir(), "millrace-dbt-"));
  try {
    const targetPath = join(settings.stateDir ?? scratch, "target");
    await mkdir(targetPath, { recursive: true });
    const found = { project: settings.project, env: { ...options.env, MILLRACE_DBT_TEMP: join(scratch, "spill") } };
    const { project, env } =
      settings.target === "athena" ? await athenaProject(found.project, scratch, found.env) : found;
    const build = (selection: readonly string[]): Promise<RunResults> =>
      buildOnce({ ...settings, project }, targetPath, join(scratch, "logs"), selection, { ...options, env });

    let results = await build(select);
    for (let attempt = 2; attempt <= MODEL_ATTEMPTS; attempt += 1) {
      const again = nodeResults(results).filter(({ failure }) => failure === "Conflict" || failure === "Transient");
      if (again.length === 0) break;
      options.log(`Attempt ${attempt} of ${again.length} nodes: ${again.map(({ name }) => name).join(", ")}`);
      await pause(Math.random() * PAUSE_MS * 2 ** attempt, undefined, { signal: options.signal });
      results = mergeResults(results, await build(again.map(({ name }) => `${name}+`)));
    }
    return results;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function buildOnce(
  settings: DbtSettings,
  targetPath: string,
  logPath: string,
  select: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly log: (line: string) => void; readonly signal: AbortSignal },
): Promise<RunResults> {
  const file = join(targetPath, "run_results.json");
  await rm(file, { force: true });
  const selection = select.length === 0 ? [] : ["--select", ...select];
  const { code, tail } = await runDbt(
    settings,
    // What dbt prints is the task's log; its debug file would take a tenth of the time and be thrown away.
    ["build", ...selection, "--target-path", targetPath, "--log-path", logPath, "--log-level-file", "none"],
    options,
  );
  const results = await readRunResults(file);
  if (results !== undefined) return results;
  if (code === 0) return { metadata: {}, results: [] };
  throw didNotRun(code, tail);
}

function didNotRun(code: number | null, tail: string): Failure {
  const found = classify(tail);
  // A project that does not parse is nobody's input: the operator has deployed it.
  const name = found === "Malformed" ? "Misconfigured" : found === "Conflict" ? "Transient" : found;
  const how = code === null ? "was killed" : `ended with code ${code}`;
  return new Failure(code === null ? "Transient" : name, `dbt ${how} before it had results: ${tail.slice(-1_500)}`, {
    code: code === null ? "dbt_killed" : "dbt_did_not_run",
    what: "run dbt",
    hint: "dbt's own words are in the message, all of them in the task's log.",
  });
}
