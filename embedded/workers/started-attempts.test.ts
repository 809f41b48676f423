import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStartedAttempts } from "./started-attempts.ts";

test("a restart knows which attempts had begun, and only those", () => {
  const folder = mkdtempSync(join(tmpdir(), "attempts-"));
  try {
    const first = openStartedAttempts(folder);
    expect(first.has("1/1/1")).toBe(false);
    first.begin("1/1/1");
    first.begin("2/1/1")();
    // No close: the engine was killed.
    const second = openStartedAttempts(folder);
    expect([second.has("1/1/1"), second.has("2/1/1"), second.has("3/1/1")]).toEqual([true, true, false]);
    second.begin("4/1/1");
    second.close();
    const third = openStartedAttempts(folder);
    expect([third.has("1/1/1"), third.has("4/1/1")]).toEqual([false, true]);
    third.close();
    first.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the file stays small and keeps what still runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "attempts-"));
  try {
    const attempts = openStartedAttempts(folder);
    attempts.begin("long/running/1");
    const name = "x".repeat(1_000);
    for (let index = 0; index < 1_100; index += 1) attempts.begin(`${name}${index}`)();
    attempts.begin("last/1/1");
    const next = openStartedAttempts(folder);
    expect([next.has("long/running/1"), next.has(`${name}0`), next.has("last/1/1")]).toEqual([true, false, true]);
    next.close();
    attempts.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
