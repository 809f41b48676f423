import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failuresIn, openMortalHome, type MortalHome } from "../standins/mortal-home.ts";

/** The time-outs of these tests are for noisy machines: within them the runs end, or nobody has noticed. */
const BOUND_MS = 60_000;
const HEARTBEAT_SECONDS = 2;

let home: MortalHome;
beforeAll(async () => {
  home = await openMortalHome(HEARTBEAT_SECONDS);
}, BOUND_MS);
afterAll(() => home.close());

describe("a worker that is killed is noticed, and its step runs again", () => {
  test.each([
    ["function", "Lambda.ServiceException"],
    ["container", "Transient"],
  ] as const)("%s", { timeout: BOUND_MS }, async (machine, error) => {
    const id = await home.run(machine);
    process.kill(await home.worker(machine, 0), "SIGKILL");
    const run = await home.ended(id);
    expect(run).toMatchObject({ status: "succeeded", output: { attempt: 1 } });
    expect(failuresIn(run).map((failure) => failure.error)).toEqual([error]);
  });
});

test("a container that hangs is noticed by its heartbeat, and ended", { timeout: BOUND_MS }, async () => {
  const id = await home.run("container");
  const worker = await home.worker("container", 0);
  process.kill(worker, "SIGSTOP");
  const run = await home.ended(id);
  expect(run).toMatchObject({ status: "succeeded", output: { attempt: 1 } });
  expect(failuresIn(run).map((failure) => failure.error)).toEqual(["States.Timeout"]);
  // Two of them must not write: the hanging one is gone for good, whatever it was about to do.
  await expect.poll(() => isAlive(worker), { timeout: 10_000 }).toBe(false);
});

describe("a host that dies is noticed when the engine is there again", () => {
  test.each([
    ["function", "Lambda.ServiceException"],
    ["container", "Transient"],
  ] as const)("with a %s at work", { timeout: BOUND_MS }, async (machine, error) => {
    const id = await home.run(machine);
    const worker = await home.worker(machine, 0);
    await home.killHost();
    await expect.poll(() => isAlive(worker), { timeout: 10_000 }).toBe(false);
    await home.start();
    const run = await home.ended(id);
    expect(run).toMatchObject({ status: "succeeded", output: { attempt: 1 } });
    expect(failuresIn(run).map((failure) => failure.error)).toEqual([error]);
  });
});

/** One that nobody has waited for yet is dead all the same. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
