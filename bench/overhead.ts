import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Run } from "../bin/cli/status.ts";
import type { EngineClient } from "../embedded/control/client.ts";
import { measureDagster } from "./dagster.ts";
import { describeMachine, median, quantile, round, type BenchResult } from "./machine.ts";
import { putToStart } from "./put-to-start.ts";
import { STEPS, withTinyHome } from "./tiny-home.ts";

const RUNS = 30;
const PUTS = 30;
const POLL_MS = 2;

/**
 * What the orchestration itself costs: a machine of five steps whose functions do nothing, from the request to start
 * it until it is seen to have succeeded; and from the put of an object to the start of its execution.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { peer: { type: "string" } } });
  const own = await measureOwn();
  const peer = values.peer === "dagster" ? await measureDagster(STEPS) : undefined;
  const ratio = (theirs: number): number => round(theirs / own.five_steps_warm_median_ms);
  return {
    bench: "overhead",
    machine: describeMachine(),
    figures: { ...own, ...peer },
    ratios:
      peer === undefined
        ? {}
        : {
            dagster_in_process_over_millrace: ratio(peer.dagster_in_process_median_ms),
            dagster_multiprocess_over_millrace: ratio(peer.dagster_multiprocess_median_ms),
            dagster_in_process_launched_over_millrace: ratio(peer.dagster_in_process_launched_median_ms),
          },
  };
}

const measureOwn = () =>
  withTinyHome(async ({ engine, stateDir }) => {
    const cold = await launchToSuccess(engine);
    const warm: number[] = [];
    for (let index = 0; index < RUNS; index += 1) warm.push(await launchToSuccess(engine));
    const starts = await putToStart({ engine, stateDir }, { bucket: "tiny-landing", prefix: "sources/" }, PUTS);
    return {
      five_steps_cold_ms: round(cold),
      five_steps_warm_median_ms: round(median(warm)),
      five_steps_warm_p90_ms: round(quantile(warm, 0.9)),
      put_to_start_median_ms: round(median(starts)),
      put_to_start_p90_ms: round(quantile(starts, 0.9)),
    };
  });

async function launchToSuccess(engine: EngineClient): Promise<number> {
  const begun = performance.now();
  const { id } = await engine.post("/api/start", { machine: "five", input: { n: 1 } }, Run);
  for (;;) {
    const { status } = await engine.get(`/api/runs/${id}`, Run);
    if (status === "succeeded") return performance.now() - begun;
    if (status !== "running") throw new Error(`The run has ${status}.`);
    await sleep(POLL_MS);
  }
}
