import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { embeddedLakeAt } from "../../core/io/embedded/lake.ts";
import { openDuckDb } from "../../core/io/duckdb.ts";
import { openLake } from "../../core/io/lake.ts";
import type { CommitPlan } from "../../core/model/commit-plan.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { lakeOptions, logsPlan, missingExtensions, stageSql } from "./temporary-lake.ts";

const folder = temporaryFolder();
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  folder.remove();
});

const PLANS = 14;
const ROWS = 50;

describe.skipIf(missingExtensions !== undefined)(`kill -9 (${missingExtensions ?? "runs"})`, () => {
  test("of committers and of the catalogue, at any moment, leaves every row once", async () => {
    const plansFile = await stagePlans();
    const port = await freePort();
    const catalogUrl = `http://127.0.0.1:${port}/catalog`;
    const done: string[] = [];
    let catalogue = await serve(port);
    // Moments spread over a commit's life; every third round the catalogue dies instead of the committer.
    for (let round = 0; done.at(-1) !== `plan-${PLANS - 1}`; round += 1) {
      expect(round).toBeLessThan(60);
      const committer = start("commit-plans.ts", folder.path, catalogUrl, plansFile);
      const lines: string[] = [];
      const ended = new Promise<void>((end) => committer.once("close", () => end()));
      createInterface({ input: committer.stdout ?? process.stdin }).on("line", (line) => lines.push(line));
      await until(() => lines.includes("start") || committer.exitCode !== null);
      const before = done.length;
      await until(() => lines.length > 1 + before || committer.exitCode !== null, 10_000);
      if (round < 7) {
        await pause((round * 9) % 60);
        if (round % 3 === 2) {
          await kill(catalogue);
          catalogue = await serve(port);
        }
        await kill(committer);
      }
      await ended;
      done.splice(0, done.length, ...lines.filter((line) => line.startsWith("plan-")));
    }
    const target = embeddedLakeAt({ catalogUrl, warehouseDir: join(folder.path, "warehouse") });
    const session = await openLake(target, lakeOptions(folder.path));
    const rows = await session.rows(
      "SELECT source_file, count(*) AS n, count(DISTINCT source_line) AS lines FROM lake.raw.logs GROUP BY 1",
    );
    session.close();
    expect(rows).toHaveLength(PLANS);
    expect(new Set(rows.map((row) => `${row["n"]}/${row["lines"]}`))).toEqual(new Set([`${ROWS}/${ROWS}`]));
    await kill(catalogue);
  });
});

async function stagePlans(): Promise<string> {
  mkdirSync(join(folder.path, "staged"));
  const db = await openDuckDb({ ...lakeOptions(folder.path) });
  const plans: CommitPlan[] = [];
  for (let index = 0; index < PLANS; index += 1) {
    const key = join(folder.path, "staged", `${index}.parquet`);
    await db.run(stageSql(`file-${index}`, key, ROWS, "v1"));
    plans.push({ version: 1, id: `plan-${index}`, tables: [logsPlan(`file-${index}`, { key, rows: ROWS })] });
  }
  db.close();
  const file = join(folder.path, "plans.json");
  writeFileSync(file, JSON.stringify(plans));
  return file;
}

function start(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, "children", script), ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

async function serve(port: number): Promise<ChildProcess> {
  const child = start("serve-lake.ts", folder.path, String(port));
  await new Promise((up) => child.stdout?.once("data", up));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((end) => child.once("close", end));
  child.kill("SIGKILL");
  await ended;
}

async function until(holds: () => boolean, atMostMs = 30_000): Promise<void> {
  for (let waited = 0; !holds() && waited < atMostMs; waited += 5) await pause(5);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}
