import { expect, test } from "vitest";
import { runChaos } from "../../bench/chaos/run-chaos.ts";

test("kill -9 of engine, workers and dbt loses nothing and does nothing twice", { timeout: 600_000 }, async () => {
  const notes: string[] = [];
  const result = await runChaos({ kills: 5, seed: 7, note: (message) => notes.push(message) });
  expect(result, [...notes, ...result.details].join("\n")).toMatchObject({
    ...{ settled: true, lost: 0, doubled: 0, webhooksLost: 0, webhooksDoubled: 0, stale: 0 },
  });
  expect(result.files).toBeGreaterThan(0);
});
