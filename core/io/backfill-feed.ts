import { fedBy, isSettled, roomFor, settledBy, type Backfill } from "../model/backfills/backfill.ts";
import { leftOut } from "../model/backfills/mode.ts";
import { isFailure } from "../model/failures.ts";
import type { ItemKey } from "../model/items/item-key.ts";
import type { ItemState } from "../model/items/item-state.ts";
import { statusOf } from "../model/items/status.ts";
import { enqueueOf, type BackfillHome } from "./backfill-home.ts";
import { readManifest } from "./backfill-manifest.ts";
import {
  askId,
  backfillWrite,
  endWrite,
  findBackfill,
  openWrite,
  outcomesPk,
  type FoundBackfill,
  type PartitionEnd,
} from "./backfill-records.ts";
import { withdrawPartition } from "./backfill-open.ts";
import type { LedgerWrite } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";

/** Lines of one transaction; what a crash has to ask for again. */
const BATCH = 20;

/** Asked for, or perhaps run already. */
const knows = (state: ItemState, ask: string): boolean =>
  state.served.includes(ask) ||
  state.asks.some(({ id }) => id === ask) ||
  state.runs.some((run) => run.ask?.id === ask);

interface Line {
  readonly partition: string;
  readonly bytes: number;
  /** The run is asked for, and waits in this lane. */
  readonly lane?: string;
  /** There will be no run. */
  readonly end?: PartitionEnd;
}

/**
 * Asks for the runs of the next lines, as many as the window has room for. The ask comes before the count: whoever dies
 * in between, or feeds at the same time, asks again under the same ids, which makes no second run.
 */
export async function feedBackfill(home: BackfillHome, id: string, now: number): Promise<{ readonly asked: number }> {
  let asked = 0;
  for (;;) {
    const found = await findBackfill(home.ledger, id);
    if (found === undefined || isSettled(found.backfill)) return { asked };
    const lines = await nextLines(home, found.backfill, now);
    if (lines.length === 0) return { asked };
    if (await claim(home, found, lines, now)) {
      asked += lines.filter(({ end }) => end === undefined).length;
      await home.lanes.dispatch([...new Set(lines.flatMap(({ lane }) => lane ?? []))], now);
    }
  }
}

async function nextLines(home: BackfillHome, backfill: Backfill, now: number): Promise<Line[]> {
  const { objects, bucket } = home;
  const { id, asset, offset } = backfill;
  if (roomFor(backfill, Infinity) === 0) return [];
  const keys = await readManifest(objects, bucket, id, { offset, limit: BATCH });
  const first = keys[0] && (await home.targetOf({ asset, partition: keys[0].key }));
  const room = roomFor(backfill, (first && home.slotsOf(first.lane)) ?? 0);
  return Promise.all(
    keys.slice(0, room).map(async ({ key, bytes }) => ({ bytes, ...(await ask(home, backfill, key, now)) })),
  );
}

async function ask(
  home: BackfillHome,
  backfill: Backfill,
  partition: string,
  now: number,
): Promise<Omit<Line, "bytes">> {
  const { id, asset, mode, author } = backfill;
  const key: ItemKey = { asset, partition };
  const failed = (reason: Partial<PartitionEnd>): Omit<Line, "bytes"> => ({
    partition,
    end: { outcome: "failed", at: now, ...reason },
  });
  const state = await home.items.read(key);
  const target = await home.targetOf(key);
  const lane = target === undefined ? {} : { lane: target.lane };
  const wish = askId(id, partition);
  if (state !== undefined && knows(state, wish)) return { partition, ...lane };
  const left = state === undefined ? undefined : leftOut(mode, statusOf(state));
  if (left !== undefined) return { partition, end: { outcome: "skipped", at: now, code: left } };
  if (target === undefined) return failed({ class: "Misconfigured", code: "input_unknown", message: INPUT_UNKNOWN });
  try {
    const applied = await home.items.apply(
      key,
      {
        type: "requested",
        ask: { id: wish, reason: "backfill", group: id, input: { mode, requestedBy: author } },
      },
      { now, ...home.rules, enqueue: enqueueOf(home, target) },
    );
    return applied !== undefined && knows(applied.state, wish)
      ? { partition, ...lane }
      : { partition, end: { outcome: "skipped", at: now, code: "retired" } };
  } catch (error) {
    if (!isFailure(error) || !LASTING.has(error.name)) throw error;
    return failed({ class: error.name, code: error.code, message: error.message });
  }
}

const LASTING = new Set(["Rejected", "Malformed", "Misconfigured"]);
const INPUT_UNKNOWN = "No run of it is on record, so nobody knows its input. Land its file again.";

/** Counts the lines, with what is known of each; false = somebody else has, or the backfill was stopped meanwhile. */
const claim = (home: BackfillHome, { backfill: base }: FoundBackfill, lines: readonly Line[], now: number) =>
  retryConflict(async () => {
    const { ledger } = home;
    const { id, asset } = base;
    const found = await findBackfill(ledger, id);
    if (found === undefined || found.backfill.fed !== base.fed) return false;
    const { backfill, rev } = found;
    if (backfill.state === "cancelled") {
      for (const { partition, end } of lines) {
        if (end === undefined) await withdrawPartition(home, { asset, partition }, askId(id, partition), now);
      }
      return false;
    }
    const writes: LedgerWrite[] = [];
    const ends: PartitionEnd[] = [];
    for (const { partition, end } of lines) {
      // Its run may have ended before it is counted here; the end was counted with the record, which `rev` guards.
      if ((await ledger.get(outcomesPk(id), partition)) !== undefined) continue;
      if (end === undefined) writes.push(openWrite(id, partition, now));
      else {
        writes.push(endWrite(id, partition, end));
        ends.push(end);
      }
    }
    const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
    const fed = fedBy(backfill, lines.length, bytes, now);
    await ledger.write([
      backfillWrite(
        settledBy(
          fed,
          ends.map(({ outcome }) => outcome),
          now,
        ),
        rev,
      ),
      ...writes,
    ]);
    return true;
  });
