import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { startInBackground } from "../../bin/cli/engine.ts";
import { useKernel } from "../../bin/cli/kernel.ts";
import { landingKey } from "../../bin/cli/landing-keys.ts";
import { EngineStatus, readStatus, Run } from "../../bin/cli/status.ts";
import { stopEngine } from "../../bin/cli/verbs/down.ts";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { ENV_LANDING, landFiles } from "../../embedded/control/land.ts";
import { account, type Account } from "./account.ts";
import { settledBackfill, startBackfill, type BackfillAccount } from "./backfill.ts";
import { LOAD_DEPLOYMENT, makeArchive, makeLog, type LoadFile } from "./load.ts";
import { createRandom, type Random } from "./random.ts";
import { findWorkers, killNow, type VictimKind } from "./victims.ts";

export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly note: (message: string) => void;
}

export interface ChaosResult extends Account {
  readonly kills: Readonly<Record<VictimKind, number>>;
  readonly files: number;
  /** Runs whose attempts were all killed and that were started again at the end, as an operator would. */
  readonly again: number;
  readonly settled: boolean;
  /** Undefined = the load was over before anything could be run again. */
  readonly backfill: BackfillAccount | undefined;
  readonly seconds: number;
}

/** A first build and the backlog of the load on two cores; far below what would hide a run that hangs. */
const SETTLE_TIMEOUT_MS = 420_000;
/** A slot whose holder died with the engine is looked after within a minute or two of its lease. */
const BACKFILL_TIMEOUT_MS = 300_000;
/** Kills come this long after each other: some while everything works, some while the engine is still starting. */
const PAUSE_MS = { from: 100, to: 2_500 };
const ROUNDS = 5;

/** Lands files without pause while engine, workers and dbt are killed at random; then accounts for every row. */
export async function runChaos({ kills, seed, note }: ChaosOptions): Promise<ChaosResult> {
  const startedAt = Date.now();
  const random = createRandom(seed);
  const stateDir = mkdtempSync(join(tmpdir(), "millrace-chaos-"));
  const landed = new Map<string, LoadFile>();
  const killed: Record<VictimKind, number> = { engine: 0, worker: 0, dbt: 0 };
  try {
    const first = await startInBackground(stateDir, []);
    const bucket = (await readStatus(first)).settings[ENV_LANDING] ?? "";
    const load = { stop: false, files: 0 };
    const landing = landContinuously({ stateDir, bucket, random: createRandom(seed + 1), landed, load });
    let backfilling = false;
    for (let count = 0; count < kills; count += 1) {
      await sleep(random.between(PAUSE_MS.from, PAUSE_MS.to));
      if (!backfilling && count >= kills / 4) {
        backfilling = await startBackfill(() => engineOf(stateDir));
        if (backfilling) note("a backfill of all logs so far begins");
      }
      const kind = await killOne(stateDir, random, kills - count, killed);
      note(`kill ${count + 1} of ${kills}: ${kind}; ${load.files} files landed`);
    }
    load.stop = true;
    await landing;
    backfilling ||= await startBackfill(() => engineOf(stateDir));
    const backfill = backfilling ? await settledBackfill(() => engineOf(stateDir), BACKFILL_TIMEOUT_MS) : undefined;
    const { settled, again } = await settle(stateDir, note);
    const engine = await engineOf(stateDir);
    const result = await account(engine, stateDir, landed);
    return {
      ...result,
      kills: killed,
      files: load.files,
      again,
      settled,
      backfill,
      seconds: (Date.now() - startedAt) / 1000,
    };
  } finally {
    await stopEngine(stateDir).catch((error: unknown) => note(String(error)));
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function landContinuously(options: {
  readonly stateDir: string;
  readonly bucket: string;
  readonly random: Random;
  readonly landed: Map<string, LoadFile>;
  readonly load: { stop: boolean; files: number };
}): Promise<void> {
  const { stateDir, bucket, random, landed, load } = options;
  const path = join(stateDir, "chaos-file");
  let previous: LoadFile | undefined;
  for (let serial = 1; !load.stop; serial += 1) {
    const draw = random.next();
    const fresh = draw < 0.2 ? makeArchive(random, serial) : makeLog(random, serial);
    // Now and then the same bytes come again, or corrected bytes take the place of a log.
    const again = draw > 0.9 && previous !== undefined;
    const corrected =
      draw > 0.8 &&
      !again &&
      previous?.kind === "tracking_log" &&
      fresh.name.endsWith(".gz") === previous.name.endsWith(".gz");
    const file = again
      ? previous
      : corrected
        ? { ...fresh, name: previous?.name ?? fresh.name, date: previous?.date ?? fresh.date }
        : fresh;
    if (file === undefined) continue;
    writeFileSync(path, file.bytes);
    const key = landingKey(file.kind, LOAD_DEPLOYMENT, file.name, file.kind === "tracking_log" ? file.date : undefined);
    await landFiles(stateDir, bucket, [{ path, key }], () => undefined);
    landed.set(key, file);
    load.files += 1;
    previous = file;
    await sleep(random.between(50, 700));
  }
}

/** Kills dbt or a worker if one lives, else the engine; the last kill is the engine's, so that it must pick up. */
async function killOne(
  stateDir: string,
  random: Random,
  left: number,
  killed: Record<VictimKind, number>,
): Promise<VictimKind> {
  const workers = findWorkers(stateDir);
  const draw = random.next();
  const dbt = random.pick(workers.filter(({ isDbt }) => isDbt));
  const worker = random.pick(workers.filter(({ isDbt }) => !isDbt));
  if (left > 1 && draw < 0.35 && dbt !== undefined && killNow(dbt.pid)) {
    killed.dbt += 1;
    return "dbt";
  }
  if (left > 1 && draw < 0.6 && worker !== undefined && killNow(worker.pid)) {
    killed.worker += 1;
    return "worker";
  }
  const engine = await engineOf(stateDir);
  killNow(engine.address.pid);
  killed.engine += 1;
  await sleep(random.between(0, 400));
  await engineOf(stateDir);
  return "engine";
}

const engineOf = async (stateDir: string): Promise<EngineClient> =>
  (await findEngine(stateDir)) ?? (await startInBackground(stateDir, []));

async function inLanes(engine: EngineClient): Promise<number> {
  const lanes = await (await useKernel({ engine: () => Promise.resolve(engine) })).lanes.state(Date.now());
  return lanes.reduce((sum, { running, waiting }) => sum + running.length + waiting.count, 0);
}

/** Waits until nothing runs; runs that have used up their attempts are run again, which also must not double anything. */
async function settle(stateDir: string, note: (message: string) => void): Promise<{ settled: boolean; again: number }> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  const again = new Set<string>();
  for (let round = 0; round < ROUNDS;) {
    const engine = await engineOf(stateDir);
    const status = await engine.get("/api/status", EngineStatus.extend({ eventsWaiting: z.boolean() }));
    if (Date.now() > deadline) return { settled: false, again: again.size };
    if (status.running > 0 || status.eventsWaiting) {
      note(`settling: ${status.running} runs under way`);
      await sleep(1_000);
      continue;
    }
    // What waits, and slots that somebody left behind when it was killed: the clock of the lanes starts both.
    const waiting = await inLanes(engine);
    if (waiting > 0) {
      note(`settling: ${waiting} runs in lanes`);
      await sleep(5_000);
      continue;
    }
    const runs = await engine.get("/api/runs?limit=10000", z.array(Run));
    const failed = runs.filter(({ id, status: state }) => state === "failed" && !again.has(id));
    if (failed.length === 0) return { settled: true, again: again.size };
    for (const run of failed) {
      note(`again ${run.id}: ${run.error?.name ?? ""} ${run.error?.code ?? ""}: ${run.error?.message ?? ""}`);
      await engine.post(`/api/runs/${run.id}/again`, {}, Run);
      again.add(run.id);
    }
    round += 1;
  }
  return { settled: false, again: again.size };
}
