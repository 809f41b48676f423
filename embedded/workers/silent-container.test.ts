import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createContainerPool } from "./container-pool.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-silent-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A container that never ends by itself, in a pool that allows `silenceMs` between two reports. */
async function started(silenceMs: number) {
  writeFileSync(join(folder, "index.js"), "setInterval(() => undefined, 1000);");
  const { promise: failed, resolve } = Promise.withResolvers<{ readonly token: string; readonly cause: string }>();
  const task = {
    ...{ arn: "arn", family: "work", containerName: "Work", imageDir: folder, command: ["node", "index.js"] },
    ...{ environment: {}, memoryMb: 512 },
  };
  const pool = createContainerPool({
    containers: [task],
    surroundings: { stateDir: folder, settings: {}, toolPath: [] },
    concurrency: 1,
    tokens: { fail: (token, _, cause) => resolve({ token, cause }), heartbeat: () => undefined },
    silenceMs,
  });
  await pool.run({ TaskDefinition: "work" }, "token", new AbortController().signal, () => () => undefined);
  await expect.poll(() => pool.busy).toBe(1);
  return { pool, failed };
}

test("a worker that reported and then falls silent is ended, whatever its machine allows", async () => {
  const { pool, failed } = await started(200);
  // Like every worker it is given the time of its start: silence counts from the first report.
  pool.heard("token");
  const { token, cause } = await failed;
  expect(token).toBe("token");
  expect(JSON.parse(cause)).toMatchObject({ class: "Transient", code: "worker_lost" });
  expect(pool.busy).toBe(0);
  pool.heard("token");
});

test("one that has not reported yet is its machine's to judge", async () => {
  const { pool, failed } = await started(1);
  pool.heard("another");
  const first = await Promise.race([failed, new Promise((passed) => setTimeout(passed, 300, "alive"))]);
  expect(first).toBe("alive");
  await pool.stop();
});

test("a pool that has stopped keeps nothing alive for a task that is asked of it late", async () => {
  const { pool } = await started(200);
  await pool.stop();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  await pool.run({ TaskDefinition: "work" }, "late", new AbortController().signal, () => () => undefined);
  await new Promise((passed) => setImmediate(passed));
  expect(timers()).toBe(before);
  expect([pool.busy, pool.waiting]).toEqual([0, 0]);
});
