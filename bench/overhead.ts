import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as z from "zod";
import { Run } from "../bin/cli/status.ts";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import { findEngine, type EngineClient } from "../embedded/control/client.ts";
import { startHome } from "../embedded/server.ts";
import { STARTER_DEFINITION } from "../lib/constructs/starter.ts";
import { writeTinyAssembly } from "../test/standins/tiny-assembly.ts";
import { measureDagster } from "./dagster.ts";
import { describeMachine, median, quantile, round, type BenchResult } from "./machine.ts";

const STEPS = 5;
const RUNS = 30;
const PUTS = 30;
const POLL_MS = 2;

/**
 * What the orchestration itself costs: a machine of five steps whose functions do nothing, from the request to start
 * it until it is seen to have succeeded; and from the put of an object to the start of its execution.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { peer: { type: "string" } } });
  const folder = mkdtempSync(join(tmpdir(), "millrace-overhead-"));
  try {
    const own = await measureOwn(folder);
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
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOwn(folder: string) {
  const names = Array.from({ length: STEPS }, (_, index) => `Step${index + 1}`);
  const states = names.map((name, index) => [
    name,
    {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: `\${${name}}`, Payload: "{% $states.input %}" },
      Output: "{% $states.result.Payload %}",
      TimeoutSeconds: 60,
      ...(index + 1 < names.length ? { Next: names[index + 1] } : { End: true }),
    },
  ]);
  writeTinyAssembly(join(folder, "assembly"), {
    functions: Object.fromEntries(names.map((name) => [name, { code: "exports.handler = async (event) => event;" }])),
    machines: {
      five: { StartAt: names[0], States: Object.fromEntries(states) },
      landed: { StartAt: "Done", States: { Done: { Type: "Succeed" } } },
    },
    landings: { landed: { machine: "landed", prefix: "sources/", starter: STARTER_DEFINITION } },
  });
  const stateDir = join(folder, "state");
  const home = await startHome({
    stateDir,
    assemblyDir: join(folder, "assembly"),
    environment: "dev",
    duckdbExtensions: folder,
    toolPath: [],
    onFatal: (error) => {
      throw error;
    },
    log: () => undefined,
  });
  try {
    const engine = await findEngine(stateDir);
    if (engine === undefined) throw new Error("The engine does not answer.");
    const cold = await launchToSuccess(engine);
    const warm: number[] = [];
    for (let index = 0; index < RUNS; index += 1) warm.push(await launchToSuccess(engine));
    const starts = await putToStart(engine, stateDir);
    return {
      five_steps_cold_ms: round(cold),
      five_steps_warm_median_ms: round(median(warm)),
      five_steps_warm_p90_ms: round(quantile(warm, 0.9)),
      put_to_start_median_ms: round(median(starts)),
      put_to_start_p90_ms: round(quantile(starts, 0.9)),
    };
  } finally {
    await home.stop();
  }
}

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

/** The put includes its fsyncs; the start is the time that the execution states itself. */
async function putToStart(engine: EngineClient, stateDir: string): Promise<number[]> {
  const Followed = z.object({ settled: z.boolean(), objects: z.array(z.array(Run).nullable()) });
  const objects = embeddedObjects(stateDir);
  const measured: number[] = [];
  try {
    for (let index = 0; index < PUTS; index += 1) {
      const begun = Date.now();
      const { head } = await objects.put("tiny-landing", `sources/file-${index}`, "x");
      const { bucket, key, versionId } = head;
      let followed: z.infer<typeof Followed>;
      do {
        await sleep(10);
        followed = await engine.post("/api/follow", { objects: [{ bucket, key, versionId }] }, Followed);
      } while (!followed.settled);
      const started = followed.objects[0]?.[0]?.startedAt ?? "";
      measured.push(Date.parse(started) - begun);
    }
    return measured;
  } finally {
    objects.close();
  }
}
