import { expect, test } from "vitest";
import { createSlots } from "./slots.ts";

const signal = new AbortController().signal;
const settled = async (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test("slots are given in order of arrival", async () => {
  const slots = createSlots(1);
  const first = await slots.take("a", signal);
  const second = slots.take("b", signal);
  const third = slots.take("c", signal);
  expect([slots.used, slots.waiting]).toEqual([1, 2]);
  expect(await settled(second)).toBe(false);
  first();
  first();
  (await second)();
  (await third)();
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
});

test("one key leaves slots to the others, and gets the next one of its own", async () => {
  const slots = createSlots(3, 2);
  const held = [await slots.take("commit", signal), await slots.take("commit", signal)];
  const third = slots.take("commit", signal);
  expect(await settled(third)).toBe(false);
  expect(await settled(slots.take("inspect", signal))).toBe(true);
  held[0]?.();
  expect(await settled(third)).toBe(true);
});

test("an aborted wait leaves the queue", async () => {
  const slots = createSlots(1);
  const held = await slots.take("a", signal);
  const controller = new AbortController();
  const waiting = slots.take("a", controller.signal);
  controller.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
  held();
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
});

test("a wait that begins after the abort is refused as one that was aborted, and never thrown", async () => {
  const slots = createSlots(1);
  await expect(slots.take("a", AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
});
