import * as z from "zod";
import { AUTHOR_OPTION, Authored, knownAsset, useConfirmation, useKernel } from "../kernel.ts";
import { badInput, EXIT, table } from "../output.ts";
import { partitioningOf, partitionLabel, readPartition } from "../partition-names.ts";
import type { Verb, VerbInput } from "../verb.ts";

const REASON_OPTION = ["--reason <text>", "why; it is kept with each of them"] as const;
const Ordered = Authored.extend({ reason: z.string().min(1) });

type Outcome = "added" | "returned" | "there" | "retired" | "in-progress";
const TEXT: Readonly<Record<Outcome, string>> = {
  added: "added; nothing runs for it by itself",
  returned: "returned, with its history",
  there: "it was so before",
  retired: "retired: nothing runs for it, its data and its history stay",
  "in-progress": "left alone: work of it is in flight; cancel that, or retire it afterwards",
};

/** All of it is checked before anything happens. */
function readOrder({ args: [name, ...keys], options }: VerbInput) {
  const asset = knownAsset(name);
  const given = Ordered.safeParse(options);
  if (!given.success) throw badInput("--reason is missing.", "Others must know why: --reason TEXT.");
  const { author, reason } = given.data;
  const partitioning = partitioningOf(asset);
  const partitions = [...new Set(keys.map((key) => readPartition(key, partitioning)))];
  return { asset, partitioning, partitions, order: { author, reason, at: Date.now() } };
}

const orderVerb = (
  verb: Pick<Verb, "usage" | "summary" | "examples">,
  give: (
    items: Awaited<ReturnType<typeof useKernel>>["items"],
    key: { readonly asset: string; readonly partition: string },
    order: ReturnType<typeof readOrder>["order"],
  ) => Promise<Outcome>,
  prepare: (
    items: Awaited<ReturnType<typeof useKernel>>["items"],
    order: ReturnType<typeof readOrder>,
  ) => Promise<void> = async () => undefined,
): Verb => ({
  ...verb,
  options: [REASON_OPTION, AUTHOR_OPTION],
  home: "either",
  async run(input, context) {
    const read = readOrder(input);
    const { asset, partitioning, partitions, order } = read;
    const { items } = await useKernel(context);
    await prepare(items, read);
    const results: { partition: string; outcome: Outcome }[] = [];
    for (const partition of partitions) {
      results.push({ partition, outcome: await give(items, { asset, partition }, order) });
    }
    context.out.result({ asset, results }, () =>
      table(
        ["partition", "what became of it"],
        results.map(({ partition, outcome }) => [partitionLabel(partition, partitioning), TEXT[outcome]]),
      ),
    );
    return results.some(({ outcome }) => outcome === "in-progress") ? EXIT.failed : EXIT.ok;
  },
});

export const partitionsAdd = orderVerb(
  {
    usage: "add <asset> <partition...>",
    summary: "Add partitions, or return retired ones with their history; nothing is run",
    examples: [
      `partitions add mitxonline/openedx/raw_data/course_xml course-v1:MITx+6.00x+1T2024 --reason "hidden from the list"`,
    ],
  },
  async (items, key, order) => {
    const { added } = await items.addAll(key.asset, [key.partition], order.at, order);
    if (added > 0) return "added";
    const applied = await items.apply(key, { type: "returned", order }, { now: order.at });
    return applied?.changed === true ? "returned" : "there";
  },
);

export const partitionsRetire = orderVerb(
  {
    usage: "retire <asset> <partition...>",
    summary: "Retire partitions: nothing runs for them until an operator returns them, whatever their source lists",
    examples: [
      `partitions retire mitxonline/openedx/raw_data/course_xml course-v1:MITx+6.00x+1T2024 --reason "a copy made for a demo"`,
    ],
  },
  async (items, key, order) => {
    const applied = await items.apply(key, { type: "retired", order }, { now: order.at });
    if (applied?.status !== "retired") return "in-progress";
    return applied.changed ? "retired" : "there";
  },
  async (items, { asset, partitions, partitioning }) => {
    for (const partition of partitions) {
      if ((await items.read({ asset, partition })) !== undefined) continue;
      throw badInput(
        `${asset} has no partition "${partitionLabel(partition, partitioning)}".`,
        `\`npx millrace partitions ${asset}\` lists what there is; nothing has been retired.`,
        "partition_unknown",
      );
    }
  },
);

const ConfirmOptions = Ordered.extend({ removals: z.coerce.number().int().positive() });

export const partitionsConfirm: Verb = {
  usage: "confirm <asset>",
  summary: "Agree that so many partitions are really gone upstream, when the guard has stopped their removal",
  options: [
    ["--removals <n>", "how many, as the failure says; the next read may retire up to that many, once, for a day"],
    REASON_OPTION,
    AUTHOR_OPTION,
  ],
  home: "either",
  examples: [
    `partitions confirm mitxonline/openedx/raw_data/course_xml --removals 120 --reason "the term was deleted"`,
  ],
  async run({ args: [name], options }, context) {
    const asset = knownAsset(name);
    const given = ConfirmOptions.safeParse(options);
    if (!given.success) {
      throw badInput("--removals or --reason is missing.", "Give the number that the failure names, and why.");
    }
    const { author, reason, removals } = given.data;
    const confirmation = { removals, author, reason, at: Date.now() };
    await (
      await useConfirmation(context)
    )(asset, confirmation);
    context.out.result(
      { asset, confirmation },
      () => `The next read of ${asset} may retire up to ${removals} partitions. It serves once, for a day.`,
    );
    return EXIT.ok;
  },
};
