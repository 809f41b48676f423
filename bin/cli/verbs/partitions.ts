import * as z from "zod";
import { ITEM_STATUSES, ItemStatus } from "../../../core/model/items/status.ts";
import { badInput, EXIT, table } from "../output.ts";
import { knownAsset, timeText, useKernel } from "../kernel.ts";
import { partitioningOf, partitionLabel, partsOf, readPrefix } from "../partition-names.ts";
import type { Verb } from "../verb.ts";

const Options = z.looseObject({
  status: z.string().optional(),
  prefix: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional(),
});

export const partitionsList: Verb = {
  usage: "list <asset>",
  isDefault: true,
  summary: "Count an asset's partitions by status, and page through them",
  options: [
    ["--status <status>", `only those that are ${ITEM_STATUSES.join(", ")}`],
    ["--prefix <text>", "only keys that begin so"],
    ["--limit <n>", "how many (default 100, at most 1000)"],
    ["--after <cursor>", "the page after: `next` of the page before"],
  ],
  home: "either",
  examples: [
    "partitions mitxonline/openedx/raw_data/tracking_logs",
    "partitions mitxonline/openedx/raw_data/tracking_logs --status failed --json",
    "partitions list mitxonline/openedx/raw_data/tracking_logs --prefix logs/2026-01-",
  ],
  async run({ args: [name], options }, context) {
    const { status, prefix, limit, after } = Options.parse(options);
    const asset = knownAsset(name);
    const partitioning = partitioningOf(asset);
    const { items } = await useKernel(context);
    const counts = await items.counts(asset);
    const page = await items.page(asset, {
      limit,
      ...(status === undefined ? {} : { status: readStatusName(status) }),
      ...(prefix === undefined ? {} : { prefix: readPrefix(prefix, partitioning) }),
      ...(after === undefined ? {} : { after }),
    });
    const rows = page.items.map((row) => {
      const parts = partsOf(row.partition, partitioning);
      return parts === undefined ? row : { ...row, parts };
    });
    const isOrdered = rows.some(({ order }) => order !== undefined);
    context.out.result({ asset, counts, items: rows, next: page.next ?? null }, () =>
      [
        ITEM_STATUSES.map((one) => `${one} ${counts[one]}`).join(", "),
        "",
        page.items.length === 0
          ? "No such partition."
          : table(
              ["partition", "status", "since", "class", "run", ...(isOrdered ? ["ordered"] : [])],
              rows.map(({ partition, status: now, since, class: failure, run, order }) => [
                ...[partitionLabel(partition, partitioning), now, timeText(since), failure, run],
                ...(isOrdered ? [order && `${order.author}: ${order.reason}`] : []),
              ]),
            ),
        ...(page.next === undefined ? [] : [`More: --after ${page.next}`]),
      ].join("\n"),
    );
    return EXIT.ok;
  },
};

function readStatusName(given: string): ItemStatus {
  const status = ItemStatus.safeParse(given);
  if (status.success) return status.data;
  throw badInput(`--status "${given}" is no status.`, `Use one of: ${ITEM_STATUSES.join(", ")}.`, "unknown_status");
}
