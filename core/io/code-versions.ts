import type { DeclaredAsset } from "../model/assets.ts";
import { CodeRecord, declare, told } from "../model/items/code-versions.ts";
import { byShard } from "./by-shard.ts";
import type { Coordination } from "./coordination.ts";
import { allItems } from "./every-item.ts";
import type { Ledger } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";
import { continueSweep, type SweepCall, type SweepReport } from "./sweeps.ts";

const SWEEP = "code-versions";
const RECORDS = "asset-code";
/** As many items as are told well within one visit. */
const PAGE = 200;

/** What a deployment's new code versions have come to so far, by items. */
export interface Recoded extends Pick<SweepReport, "state" | "open" | "failing"> {
  readonly told: number;
  readonly requested: number;
  /** Stale now, and nobody knows the input of a run of theirs. */
  readonly held: number;
}

type Coded = DeclaredAsset & { readonly codeVersion: string };
const isCoded = (asset: DeclaredAsset): asset is Coded => asset.codeVersion !== undefined;

interface Found {
  readonly record: CodeRecord | undefined;
  readonly rev: number;
}

export interface CodeVersions {
  /** Whether a call would find anything to do. One query, whatever the number of items. */
  due(now: number): Promise<boolean>;
  /** Tells items of the code version that their asset declares now, for at most the budget. */
  run(call: Pick<SweepCall, "holder" | "budgetMs" | "visitMs" | "clock">): Promise<Recoded>;
}

/**
 * Requests the runs that a deployment's other code versions ask for. The first version that is heard of an asset is the
 * one its items were made with. The sweep is a new one for each version, so none is left half told.
 */
export function openCodeVersions({
  ledger,
  coordination,
  assets,
  now,
  settleMs,
}: {
  readonly ledger: Ledger;
  readonly coordination: Pick<Coordination, "items" | "lanes" | "recoded">;
  readonly assets: readonly DeclaredAsset[];
  readonly now: () => number;
  readonly settleMs?: number;
}): CodeVersions {
  const coded = assets.filter(isCoded);

  const load = async (asset: string): Promise<Found> => {
    const item = await ledger.get(RECORDS, asset);
    return { record: CodeRecord.optional().parse(item?.data), rev: item?.rev ?? 0 };
  };

  const change = (asset: string, decide: (record: CodeRecord | undefined) => CodeRecord | undefined) =>
    retryConflict(async () => {
      const { record, rev } = await load(asset);
      const next = decide(record);
      if (next === undefined || next === record) return record;
      const condition = rev === 0 ? ({ absent: true } as const) : { rev };
      await ledger.write([{ put: { pk: RECORDS, sk: asset, data: next }, if: condition }]);
      return next;
    });

  const read = async (id: string, cursor: string | undefined, signal: AbortSignal) => {
    const [asset, round] = assetOf(id);
    const { record } = await load(asset);
    const next = record?.next;
    if (record === undefined || next?.round !== round) return { counts: {} };
    const event = { version: next.version, before: record.version, at: next.since };
    const page = await coordination.items.page(asset, {
      limit: PAGE,
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    const counts = { told: 0, requested: 0, held: 0 };
    const lanes = new Set<string>();
    await byShard(page.items, async ({ partition }) => {
      signal.throwIfAborted();
      const applied = await coordination.recoded({ asset, partition }, event);
      if (applied === undefined) return;
      counts.told += 1;
      if (applied.waiting?.why === "held") counts.held += 1;
      if (applied.request === undefined) return;
      counts.requested += 1;
      lanes.add(applied.request.lane);
    });
    await coordination.lanes.dispatch([...lanes], now());
    if (page.next === undefined) await change(asset, (known) => known && told(known, round));
    return { ...(page.next === undefined ? {} : { next: page.next }), counts };
  };

  return {
    async due(at) {
      if (coded.length === 0) return false;
      const items = await allItems(ledger, RECORDS);
      const records = new Map(items.map(({ sk, data }) => [sk, CodeRecord.parse(data)]));
      return coded.some(({ id, codeVersion }) => {
        const known = records.get(id);
        const next = declare(known, codeVersion, at, settleMs);
        return next !== known || next.next?.round != null;
      });
    },
    async run(call) {
      const upstreams: string[] = [];
      for (const { id, codeVersion } of coded) {
        const record = await change(id, (known) => declare(known, codeVersion, now(), settleMs));
        if (record?.next?.round != null) upstreams.push(`${record.next.round}@${id}`);
      }
      const { state, counts, open, failing } = await continueSweep(ledger, { upstreams, read }, { ...call, id: SWEEP });
      const { told: items = 0, requested = 0, held = 0 } = counts;
      return { state, open, failing, told: items, requested, held };
    },
  };
}

/** Of the id of one round of one asset. */
function assetOf(id: string): [asset: string, round: number] {
  const at = id.indexOf("@");
  return [id.slice(at + 1), Number(id.slice(0, at))];
}
