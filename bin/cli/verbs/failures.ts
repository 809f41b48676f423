import { durationText } from "../../../core/model/backfills/estimate.ts";
import { EXIT, table } from "../output.ts";
import { ASSETS, knownAsset, timeText, useKernel } from "../kernel.ts";
import { partitioningOf, partitionLabel } from "../partition-names.ts";
import type { Verb } from "../verb.ts";

export const failures: Verb = {
  usage: "failures [asset]",
  summary: "List the partitions whose latest run failed: how many, which classes, since when, and what to do",
  home: "either",
  examples: ["failures", "failures mitxonline/openedx/raw_data/tracking_logs --json"],
  async run({ args: [name] }, context) {
    const { recovery } = await useKernel(context);
    const assets = name === undefined ? ASSETS : [knownAsset(name)];
    const all = await Promise.all(assets.map((asset) => recovery.standing(asset, Date.now())));
    const failing = all.filter(({ failedPartitions }) => failedPartitions > 0);
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
                  ["partition", "class", "first failure", "last failure", "age"],
                  one.sample.map((row) => [
                    partitionLabel(row.partition, partitioningOf(one.asset)),
                    row.class,
                    timeText(row.firstFailureAt),
                    timeText(row.lastFailureAt),
                    durationText(row.ageMs),
                  ]),
                ),
                one.recovery,
              ].join("\n"),
            )
            .join("\n\n"),
    );
    return EXIT.ok;
  },
};
