import { DISTRIBUTED_CONCURRENCY, type MapState } from "../definition.ts";
import { EngineError, StateFailure } from "../errors.ts";
import { resolve, resolveInteger, resolvePercentage, type Scope } from "../expressions.ts";
import type { Execution, Fan, Frame } from "../frame.ts";
import { uuid } from "../functions.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { mapRunArn } from "../names.ts";
import type { Run } from "../run.ts";
import type { Ended } from "./basic.ts";
import { mapItems, newList } from "./map.ts";
import { mapResult } from "./map-result.ts";

export const THRESHOLD = "States.ExceedToleratedFailureThreshold";
const READER_FAILED = "States.ItemReaderFailed";
// Rows of items that are written at a time: a list of any length is never held whole.
const CHUNK = 500;

/** Starts a Map Run: reads the items, then runs each (or each batch) as an execution of its own. */
export async function startDistributed(run: Run, frame: Frame, state: MapState): Ended {
  const scope = run.scope(frame);
  const limit = (await resolveInteger(state.maxConcurrency, "MaxConcurrency", scope, 0)) ?? 0;
  const items = state.itemReader === undefined ? await mapItems(run, frame, state, scope) : undefined;
  const startedId = run.advance(frame, "MapStateStarted", { length: items?.length ?? 0 });
  const toleratedCount = await resolveInteger(state.toleratedFailureCount, "ToleratedFailureCount", scope, 0);
  const toleratedPercentage = await resolvePercentage(state.toleratedFailurePercentage, scope);
  const id = uuid(run.ambient);
  const arn = mapRunArn(run.execution.machineArn, state.label, id);
  run.advance(frame, "MapRunStarted", { mapRunArn: arn });
  let counts: { list: number; total: number; itemCount: number };
  try {
    counts = await storeItems(
      run,
      frame,
      state,
      items ?? run.items.read(state, await readerArguments(state, scope)),
      scope,
    );
  } catch (error) {
    if (error instanceof StateFailure || (error instanceof EngineError && error.name === "JournalUnavailable"))
      throw error;
    throw mapRunFailed(run, frame, READER_FAILED, error instanceof Error ? error.message : String(error));
  }
  frame.phase = "fan";
  frame.fan = {
    ...{ total: counts.total, next: 0, running: 0, succeeded: 0, failed: 0, startedId, list: counts.list },
    concurrency: limit === 0 ? DISTRIBUTED_CONCURRENCY : Math.min(limit, DISTRIBUTED_CONCURRENCY),
    run: { arn, id, toleratedCount, toleratedPercentage, itemCount: counts.itemCount, redrives: 0 },
  };
  run.touch(frame);
  startChildren(run, frame, frame.fan);
  return counts.total === 0 ? mapResult(run, frame, state) : undefined;
}

const readerArguments = async (state: MapState, scope: Scope): Promise<Json> =>
  resolve(state.itemReader?.arguments ?? {}, "ItemReader/Arguments", scope);

/** Writes the input of every child, batched if the state says so. */
async function storeItems(
  run: Run,
  frame: Frame,
  state: MapState,
  source: Iterable<Json> | AsyncIterable<Json>,
  scope: Scope,
): Promise<{ list: number; total: number; itemCount: number }> {
  const { journal, execution } = run;
  const list = newList(run);
  const field = "ItemReader/ReaderConfig/MaxItems";
  const maxItems = (await resolveInteger(state.itemReader?.maxItems, field, scope, Number.NEGATIVE_INFINITY)) ?? 0;
  if (maxItems < 0) throw new Error("field MaxItems must be positive");
  // To AWS 0 is no limit at all.
  const inputs = batches(
    run,
    frame,
    state,
    firstOf(source, maxItems === 0 ? Number.POSITIVE_INFINITY : maxItems),
    scope,
  );
  let [total, itemCount] = [0, 0];
  let chunk: Json[] = [];
  for await (const { input, items } of inputs) {
    itemCount += items;
    chunk.push(input);
    if (chunk.length < CHUNK) continue;
    journal.putItems(execution.id, list, total, chunk);
    total += chunk.length;
    chunk = [];
  }
  journal.putItems(execution.id, list, total, chunk);
  return { list, total: total + chunk.length, itemCount };
}

async function* firstOf(source: Iterable<Json> | AsyncIterable<Json>, count: number): AsyncGenerator<Json> {
  let index = 0;
  for await (const item of source) {
    yield item;
    if (++index >= count) return;
  }
}

async function* batches(
  run: Run,
  frame: Frame,
  state: MapState,
  source: AsyncIterable<Json>,
  scope: Scope,
): AsyncGenerator<{ input: Json; items: number }> {
  const batcher = state.itemBatcher;
  const most =
    (await resolveInteger(batcher?.maxItems, "ItemBatcher/MaxItemsPerBatch", scope, 1)) ?? Number.POSITIVE_INFINITY;
  const mostBytes =
    (await resolveInteger(batcher?.maxInputBytes, "ItemBatcher/MaxInputBytesPerBatch", scope, 1)) ?? 262_144;
  const shared =
    batcher?.batchInput === undefined
      ? {}
      : { BatchInput: await resolve(batcher.batchInput, "ItemBatcher/BatchInput", scope) };
  const emptyBytes = Buffer.byteLength(JSON.stringify({ ...shared, Items: [] }));
  let batch: Json[] = [];
  let bytes = emptyBytes;
  let index = 0;
  for await (const value of source) {
    const item = { index: index++, value };
    const itemScope = run.scope(frame, {}, undefined, item);
    const input =
      state.itemSelector === undefined ? value : await resolve(state.itemSelector, "ItemSelector", itemScope);
    if (batcher === undefined) {
      yield { input, items: 1 };
      continue;
    }
    const size = Buffer.byteLength(JSON.stringify(input)) + 1;
    if (batch.length > 0 && (batch.length >= most || bytes + size > mostBytes)) {
      yield { input: { ...shared, Items: batch }, items: batch.length };
      batch = [];
      bytes = emptyBytes;
    }
    batch.push(input);
    bytes += size;
  }
  if (batch.length > 0) yield { input: { ...shared, Items: batch }, items: batch.length };
}

function startChildren(run: Run, frame: Frame, fan: Fan): void {
  while (fan.next < fan.total && fan.running < fan.concurrency) {
    run.effects.push({ kind: "child", frame: frame.id, index: fan.next, redrive: false });
    fan.next += 1;
    fan.running += 1;
  }
}

/** Asks again for every child that is not known to have ended: starting one twice is harmless. */
export function restartChildren(run: Run, frame: Frame): void {
  for (const item of run.storedItems(frame.fan?.list ?? 0)) {
    if (item.idx < (frame.fan?.next ?? 0) && item.status === undefined) {
      run.effects.push({ kind: "child", frame: frame.id, index: item.idx, redrive: false });
    }
  }
}

/** A child execution has ended. */
export async function childEnded(run: Run, frame: Frame, index: number, child: Execution): Ended {
  const state = run.state(frame);
  const { fan } = frame;
  if (state.type !== "Map" || fan?.run === undefined || frame.halted || frame.phase !== "fan") return undefined;
  const list = fan.list ?? 0;
  const item = run.storedItem(list, index);
  if (item === undefined || item.status !== undefined) return undefined;
  run.touch(frame);
  fan.running -= 1;
  const succeeded = child.status === "SUCCEEDED";
  run.setItem(list, index, succeeded ? "succeeded" : "failed", succeeded ? (child.output ?? null) : failedChild(child));
  if (succeeded) fan.succeeded += 1;
  else fan.failed += weight(item.input, state);
  if (tooManyFailed(fan)) {
    run.effects.push({ kind: "stop-children", frame: frame.id });
    throw mapRunFailed(run, frame, THRESHOLD, "The specified tolerated failure threshold was exceeded");
  }
  startChildren(run, frame, fan);
  return fan.running === 0 && fan.next === fan.total ? mapResult(run, frame, state) : undefined;
}

/** Thresholds count items, not batches. */
const weight = (input: Json, state: MapState): number => {
  const items = state.itemBatcher !== undefined && isJsonObject(input) ? input["Items"] : undefined;
  return Array.isArray(items) ? items.length : 1;
};

function tooManyFailed({ failed, run }: Fan): boolean {
  if (run === undefined || failed === 0) return false;
  const { toleratedCount, toleratedPercentage, itemCount } = run;
  if (toleratedCount === undefined && toleratedPercentage === undefined) return true;
  return (
    (toleratedCount !== undefined && failed > toleratedCount) ||
    (toleratedPercentage !== undefined && (failed * 100) / itemCount > toleratedPercentage)
  );
}

/** A failed child keeps its whole record in the results, whatever the transformation. */
const failedChild = (child: Execution): JsonObject => ({
  ExecutionArn: child.arn,
  Input: JSON.stringify(child.input),
  Name: child.name,
  ...(child.error === undefined ? {} : { Error: child.error }),
  ...(child.cause === undefined ? {} : { Cause: child.cause }),
  StartDate: new Date(child.startMs).toISOString(),
  StateMachineArn: child.machineArn,
  Status: child.status,
  ...(child.stopMs === undefined ? {} : { StopDate: new Date(child.stopMs).toISOString() }),
});

function mapRunFailed(run: Run, frame: Frame, error: string, cause: string): StateFailure {
  run.advance(frame, "MapRunFailed", { error, cause });
  return new StateFailure(error, cause);
}

/** Runs again every child that did not succeed. */
export function redriveMapRun(run: Run, frame: Frame): void {
  const { fan } = frame;
  if (fan?.run === undefined) return;
  fan.run.redrives += 1;
  run.advance(frame, "MapRunRedriven", { mapRunArn: fan.run.arn, redriveCount: fan.run.redrives });
  fan.failed = 0;
  fan.running = 0;
  for (const item of run.storedItems(frame.fan?.list ?? 0)) {
    if (item.idx >= fan.next || item.status === "succeeded") continue;
    run.setItem(fan.list ?? 0, item.idx, null, undefined);
    fan.running += 1;
    run.effects.push({ kind: "child", frame: frame.id, index: item.idx, redrive: true });
  }
  startChildren(run, frame, fan);
}
