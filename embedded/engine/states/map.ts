import { INLINE_CONCURRENCY, type MapState } from "../definition.ts";
import { EvaluationFailure } from "../errors.ts";
import { resolve, resolveInteger, type Scope, wrongType } from "../expressions.ts";
import { exitState } from "../exit.ts";
import type { Frame } from "../frame.ts";
import { isJsonObject, type Json } from "../json.ts";
import type { Run } from "../run.ts";
import type { Ended } from "./basic.ts";

export async function startMap(run: Run, frame: Frame, state: MapState): Ended {
  const scope = run.scope(frame);
  const items = await mapItems(run, frame, state, scope);
  const limit = (await resolveInteger(state.maxConcurrency, "MaxConcurrency", scope, 0)) ?? 0;
  const startedId = run.advance(frame, "MapStateStarted", { length: items.length });
  const list = newList(run);
  run.journal.putItems(run.execution.id, list, 0, items);
  frame.phase = "fan";
  frame.fan = {
    ...{ total: items.length, next: 0, running: 0, succeeded: 0, failed: 0, startedId, list, run: undefined },
    concurrency: limit === 0 ? INLINE_CONCURRENCY : Math.min(limit, INLINE_CONCURRENCY),
  };
  await startIterations(run, frame, state, startedId);
  return items.length === 0 ? mapJoined(run, frame, state) : undefined;
}

/** A fresh item list. What an interrupted step may have left under its number goes. */
export function newList(run: Run): number {
  const list = run.execution.nextFrame++;
  run.journal.clearItems(run.execution.id, list);
  return list;
}

/** The list to iterate: `Items`, else the state's input. For a distributed Map an object stands for its members. */
export async function mapItems(run: Run, frame: Frame, state: MapState, scope: Scope): Promise<Json[]> {
  const items = state.items === undefined ? frame.input : await resolve(state.items, "Items", scope);
  if (Array.isArray(items)) return items;
  if (state.distributed && isJsonObject(items)) return Object.entries(items).map(([Key, Value]) => ({ Key, Value }));
  if (state.items !== undefined) throw wrongType(state.items, "Items", "array", items);
  throw new EvaluationFailure(`Map state input must be an array but was: ${JSON.stringify(items)}`);
}

/** Starts as many waiting items as may run at once; one that waited points back to the end of whose place it takes. */
export async function startIterations(run: Run, frame: Frame, state: MapState, previous: number): Promise<void> {
  const { fan } = frame;
  if (fan === undefined) return;
  while (fan.next < fan.total && fan.running < fan.concurrency) {
    const index = fan.next;
    const value = run.storedItem(fan.list ?? 0, index)?.input ?? null;
    const item = { index, value };
    fan.next += 1;
    fan.running += 1;
    const chain = run.event("MapIterationStarted", previous, { name: frame.state, index });
    const scope = run.scope(frame, {}, undefined, item);
    const input = state.itemSelector === undefined ? value : await resolve(state.itemSelector, "ItemSelector", scope);
    run.spawn(frame, state.processor, index, input, chain, item);
  }
}

export function mapJoined(run: Run, frame: Frame, state: MapState): Ended {
  const result: Json[] = [];
  for (const item of run.storedItems(frame.fan?.list ?? 0)) result.push(item.output ?? null);
  run.aside(frame, "MapStateSucceeded");
  return exitState(run, frame, state, { place: "", result: { result }, otherwise: result, next: state.next });
}
