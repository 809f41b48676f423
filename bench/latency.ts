import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { serve } from "../bin/cli/serve.ts";
import { readStatus } from "../bin/cli/status.ts";
import { findEngine } from "../embedded/control/client.ts";
import { ENV_LANDING } from "../embedded/control/land.ts";
import { fiveSteps } from "./dagster.ts";
import { withDaemon } from "./dagster-daemon.ts";
import { describeMachine, median, quantile, round, type BenchResult } from "./machine.ts";
import { putToStart } from "./put-to-start.ts";

const PUTS = 30;
/** Of the peer, each at another moment of its sensor's 30 seconds. */
const FILES = 8;
const BETWEEN_MS = 17_000;
const READY_MS = 90_000;
const LAST_MS = 60_000;

/** From a change upstream, which is a file that has landed, to the start of the run that follows it up. */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { peer: { type: "string" } } });
  const own = await measureOwn();
  const peer = values.peer === "dagster" ? await measurePeer() : undefined;
  const [ours, theirs] = [median(own), peer === undefined ? Number.NaN : median(peer.ms)];
  return {
    bench: "latency",
    machine: describeMachine(),
    figures: {
      landed_to_start_median_ms: round(ours),
      landed_to_start_p90_ms: round(quantile(own, 0.9)),
      landed_to_start_max_ms: round(Math.max(...own)),
      samples: own.length,
      ...(peer === undefined
        ? {}
        : {
            dagster_landed_to_start_median_ms: round(theirs),
            dagster_landed_to_start_max_ms: round(Math.max(...peer.ms)),
            dagster_samples: peer.ms.length,
            dagster_on_postgres: peer.storage === "postgres" ? 1 : 0,
          }),
    },
    ratios: peer === undefined ? {} : { dagster_over_millrace: round(theirs / ours) },
  };
}

/** Below a watched prefix, and no tracking log: its run looks at it and ends, so that no build runs beside the next. */
const OF_NO_LOG = "sources/tracking-mitxonline/logs/";

/** By the platform as it ships: event, coordinator, trigger rule, lane, execution. */
async function measureOwn(): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-latency-"));
  try {
    const serving = await serve({ stateDir: folder, inbox: false, note: () => undefined });
    const engine = await findEngine(folder);
    if (engine === undefined) throw new Error("The engine does not answer.");
    const { settings } = await readStatus(engine);
    const landing = { bucket: settings[ENV_LANDING] ?? "", prefix: OF_NO_LOG };
    // The first one also starts the workers, as the peer's first file waits for its daemon.
    const measured = (await putToStart({ engine, stateDir: folder }, landing, PUTS + 1)).slice(1);
    serving.stop();
    await serving.ended;
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const SENSOR = `
import os
from dagster import DefaultSensorStatus, Definitions, RunRequest, sensor

@sensor(job=five, default_status=DefaultSensorStatus.RUNNING)
def landed(context):
    for name in sorted(os.listdir("inbox")):
        yield RunRequest(run_key=name)

defs = Definitions(jobs=[five], sensors=[landed])
`;

const measurePeer = () =>
  withDaemon(`${fiveSteps()}${SENSOR}`, async ({ folder, storage, runs }) => {
    const inbox = join(folder, "inbox");
    mkdirSync(inbox);
    const put = (name: string): number => {
      writeFileSync(join(inbox, name), "x");
      return Date.now();
    };
    put("first");
    for (const until = Date.now() + READY_MS; !runs().some(({ started }) => started !== null);) {
      if (Date.now() > until) throw new Error("Dagster's daemon starts no run.");
      await sleep(5_000);
    }
    const landed = new Map<string, number>();
    for (let index = 0; index < FILES; index += 1) {
      landed.set(`file-${index}`, put(`file-${index}`));
      await sleep(BETWEEN_MS);
    }
    const seen = (): number[] =>
      runs().flatMap(({ key, started }) => {
        const at = landed.get(key ?? "");
        return at === undefined || started === null ? [] : [started - at];
      });
    let ms = seen();
    for (const until = Date.now() + LAST_MS; ms.length < FILES && Date.now() < until; ms = seen()) await sleep(5_000);
    return { ms, storage };
  });
