import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { atOnce } from "./at-once.ts";

it("works on so many at a time, and gives the results in the order of what was given", async () => {
  let [running, most] = [0, 0];
  const doubled = await atOnce([5, 1, 4, 2, 3], 2, async (turns) => {
    most = Math.max(most, (running += 1));
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    running -= 1;
    return turns * 2;
  });
  expect(doubled).toEqual([10, 2, 8, 4, 6]);
  expect(most).toBe(2);
  expect(await atOnce([], 2, async () => 1)).toEqual([]);
});

it("begins nothing more once one has failed", async () => {
  const begun: number[] = [];
  const working = atOnce([1, 2, 3, 4, 5, 6], 2, async (one) => {
    begun.push(one);
    await setImmediate();
    if (one === 2) throw new Error("The second fails.");
  });
  await expect(working).rejects.toThrow("The second fails.");
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
  expect(begun).toEqual([1, 2, 3]);
});
