import { atOnce } from "../../../core/io/at-once.ts";
import type { Items } from "../../../core/io/items.ts";
import { durationText } from "../../../core/model/backfills/estimate.ts";
import { EXIT, table } from "../output.ts";
import { ASSETS, knownAsset, timeText, useKernel } from "../kernel.ts";
import { partitioningOf, partitionLabel } from "../partition-names.ts";
import type { Verb } from "../verb.ts";

/** Assets that are asked for at a time: each is several queries, and a slow ledger would refuse a thousand. */
const AT_ONCE = 8;

/** What the latest run of a partition said of its failure. */
async function withCause<T extends { readonly partition: string }>(
  items: Pick<Items, "read">,
  asset: string,
  row: T,
): Promise<T & { readonly run: string | null; readonly code: string | null; readonly message: string | null }> {
  const last = (await items.read({ asset, partition: row.partition }))?.last;
  return { ...row, run: last?.run ?? null, code: last?.code ?? null, message: last?.message ?? null };
}

/** One message a code: hundreds of partitions that fail alike say it alike. */
function whyOf(sample: readonly { readonly code: string | null; readonly message: string | null }[]): string[] {
  const first = new Map(sample.toReversed().map(({ code, message }) => [code, message]));
  return [...first].flatMap(([code, message]) => (code === null || message === null ? [] : [`${code}: ${message}`]));
}

export const failures: Verb = {
  usage: "failures [asset]",
  summary: "List the partitions whose latest run failed: how many, which classes, since when, and what to do",
  home: "either",
  examples: ["failures", "failures mitxonline/openedx/raw_data/tracking_logs --json"],
  async run({ args: [name] }, context) {
    const { recovery, items } = await useKernel(context);
    const assets = name === undefined ? ASSETS : [knownAsset(name)];
    const all = await atOnce(assets, AT_ONCE, (asset) => recovery.standing(asset, Date.now()));
    const failing = await atOnce(
      all.filter(({ failedPartitions }) => failedPartitions > 0),
      AT_ONCE,
      async (one) => ({
        ...one,
        sample: await Promise.all(one.sample.map((row) => withCause(items, one.asset, row))),
      }),
    );
    context.out.result(failing, () =>
      failing.length === 0
        ? "No partition's latest run failed."
        : failing
            .map((one) =>
              [
                `${one.asset}: ${one.failedPartitions} failed (${Object.entries(one.byClass)
                  .map(([failureClass, count]) => `${failureClass} ${count}`)
                  .join(", ")}${one.byClassOf < one.failedPartitions ? ` of the first ${one.byClassOf}` : ""})`,
                table(
                  ["partition", "class", "code", "first failure", "last failure", "age", "run"],
                  one.sample.map((row) => [
                    partitionLabel(row.partition, partitioningOf(one.asset)),
                    row.class,
                    row.code,
                    timeText(row.firstFailureAt),
                    timeText(row.lastFailureAt),
                    durationText(row.ageMs),
                    row.run,
                  ]),
                ),
                ...whyOf(one.sample),
                one.recovery,
              ].join("\n"),
            )
            .join("\n\n"),
    );
    return EXIT.ok;
  },
};
