import type { StatusEntry } from "../model/items/status.ts";
import { everyPage } from "./every-item.ts";
import type { Items } from "./items.ts";

/** The inventory of one asset's items whose latest run failed. */
export interface StandingFailures {
  readonly asset: string;
  /** Of all, also of those beyond the sample. */
  readonly failedPartitions: number;
  readonly sample: readonly (Pick<StatusEntry, "class"> & {
    readonly partition: string;
    /** Epoch milliseconds: the first since its latest success, and the latest. */
    readonly firstFailureAt: number;
    readonly lastFailureAt: number;
    readonly ageMs: number;
  })[];
  readonly sampleTruncated: boolean;
  /** Counts by class, of the first `classed` at least; `byClassOf` = of how many. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly byClassOf: number;
  /** First failure of the oldest among those. */
  readonly oldestAt?: number;
  /** What to do about all of them. */
  readonly recovery: string;
}

const SAMPLE = 20;
/** What a person waits for. */
const CLASSED = 1_000;

/** Page by page: however many have failed, what is kept of them is a sample and counts. */
export async function standingOf(
  items: Pick<Items, "counts" | "page">,
  asset: string,
  now: number,
  classed: number = CLASSED,
): Promise<StandingFailures> {
  const failedPartitions = (await items.counts(asset)).failed;
  const sample: StandingFailures["sample"][number][] = [];
  const byClass: Record<string, number> = {};
  let [byClassOf, oldestAt] = [0, Infinity];
  for await (const rows of everyPage(items, asset, { status: "failed" })) {
    for (const row of rows) {
      const { class: name = "unclassified", since, partition, lastFailureAt = since } = row;
      byClass[name] = (byClass[name] ?? 0) + 1;
      oldestAt = Math.min(oldestAt, since);
      if (sample.length === SAMPLE) continue;
      const failure = { firstFailureAt: since, lastFailureAt, ageMs: Math.max(0, now - since) };
      sample.push({ partition, ...(row.class === undefined ? {} : { class: row.class }), ...failure });
    }
    byClassOf += rows.length;
    if (byClassOf >= classed) break;
  }
  return {
    ...{ asset, failedPartitions, sample, byClass, byClassOf },
    sampleTruncated: failedPartitions > sample.length,
    ...(byClassOf === 0 ? {} : { oldestAt }),
    recovery: recoveryText(asset, failedPartitions, sample.length),
  };
}

/** An operator who repairs what is listed must not believe that this was all. */
function recoveryText(asset: string, failed: number, listed: number): string {
  if (failed === 0) return "Nothing has failed.";
  const partly = failed > listed ? ` Only ${listed} of them are listed.` : "";
  const all = failed === 1 ? "It is run again by" : `All ${failed} are run again by`;
  return `${failed} failed.${partly} Repair the cause first. ${all} \`npx millrace rerun --failed ${asset}\`.`;
}
