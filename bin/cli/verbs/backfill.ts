import { readFileSync } from "node:fs";
import * as z from "zod";
import { outstanding, type BackfillOrder } from "../../../core/model/backfills/backfill.ts";
import { BACKFILL_MODES, type BackfillMode } from "../../../core/model/backfills/mode.ts";
import { checkSelection, Selection, SELECTED_STATUSES } from "../../../core/model/backfills/selection.ts";
import { isFailure } from "../../../core/model/failures.ts";
import { badInput, EXIT, table } from "../output.ts";
import { AUTHOR_OPTION, Authored, knownAsset, timeText, useKernel } from "../kernel.ts";
import { partitioningOf, partitionLabel, readPartition, readPrefix } from "../partition-names.ts";
import type { Verb } from "../verb.ts";
import { newBackfillId, showPlan, showStarted } from "./backfill-text.ts";
import { readMode } from "./rerun.ts";

const SELECTING = [
  ["--status <status>", `${SELECTED_STATUSES.join(", ")} (default: all)`],
  ["--from <day>", "first day (YYYY-MM-DD), of the date that a key is or holds"],
  ["--to <day>", "last day, included"],
  ["--prefix <text>", "only keys that begin so"],
  ["--keys <file>", "only these: one key a line"],
  ["--failed-of <backfill>", "only what failed in that one"],
  ["--mode <mode>", `${BACKFILL_MODES.join(", ")} (default: missing-only, which leaves alone what is there)`],
] as const;
const SelectionOptions = Authored.extend({
  status: z.string().default("all"),
  from: z.string().optional(),
  to: z.string().optional(),
  prefix: z.string().optional(),
  keys: z.string().optional(),
  failedOf: z.string().optional(),
  mode: z.string().default("missing-only"),
});

function readSelection(
  name: string | undefined,
  options: unknown,
): { selection: Selection; mode: BackfillMode; author: string } {
  const { status, from, to, prefix, keys, failedOf, mode, author } = SelectionOptions.parse(options);
  const asset = knownAsset(name);
  const partitioning = partitioningOf(asset);
  const selection = Selection.safeParse({
    ...{ asset, status },
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(prefix === undefined ? {} : { prefix: readPrefix(prefix, partitioning) }),
    ...(keys === undefined ? {} : { partitions: readKeys(keys).map((key) => readPartition(key, partitioning)) }),
    ...(failedOf === undefined ? {} : { failedOf }),
  });
  if (!selection.success) {
    const hint = `--status takes ${SELECTED_STATUSES.join(", ")}; --keys takes at most 10,000 lines.`;
    throw badInput("The selection of partitions is wrong.", hint);
  }
  try {
    checkSelection(selection.data);
  } catch (error) {
    throw isFailure(error) ? badInput(error.message, error.info.hint ?? "", error.code) : error;
  }
  return { selection: selection.data, mode: readMode(mode, selection.data.asset), author };
}

function readKeys(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split(/\r?\n/)
      .filter((line) => line !== "");
  } catch {
    throw badInput(`The file ${file} cannot be read.`, "Give --keys a text file with one partition key a line.");
  }
}

export const backfillPlan: Verb = {
  usage: "plan <asset>",
  summary: "Show what a backfill would run, what it would leave out and how long it would take; start nothing",
  options: SELECTING,
  home: "either",
  examples: ["backfill plan mitxonline/openedx/raw_data/tracking_logs --from 2026-01-01 --to 2026-01-30"],
  async run({ args: [name], options }, context) {
    const { selection, mode } = readSelection(name, options);
    const plan = await (await useKernel(context)).backfills.plan(selection, mode);
    context.out.result(plan, () => showPlan(plan));
    return EXIT.ok;
  },
};

export const backfillStart: Verb = {
  usage: "start <asset>",
  summary: "Start a backfill: its runs are fed into their lane behind all other work",
  options: [...SELECTING, AUTHOR_OPTION],
  home: "either",
  examples: [
    "backfill start mitxonline/openedx/raw_data/tracking_logs --from 2026-01-01 --to 2026-01-30",
    "backfill start mitxonline/openedx/raw_data/tracking_logs --failed-of backfill-20260115-1f0c2d",
  ],
  async run({ args: [name], options }, context) {
    const { selection, mode, author } = readSelection(name, options);
    const now = Date.now();
    const started = await (
      await useKernel(context)
    ).backfills.start({ id: newBackfillId(now), selection, mode, author, now });
    context.out.result(started, () => showStarted(started));
    return EXIT.ok;
  },
};

const orderVerb = (order: BackfillOrder, summary: string, done: string): Verb => ({
  usage: `${order} <backfill>`,
  summary,
  options: [AUTHOR_OPTION],
  home: "either",
  examples: [`backfill ${order} backfill-20260115-1f0c2d`],
  async run({ args: [id = ""], options }, context) {
    const { author } = Authored.parse(options);
    const { backfills } = await useKernel(context);
    const backfill = await backfills.order(id, order, author, Date.now());
    context.out.result(backfill, () => `${id} is ${backfill.state}. ${done}`);
    return EXIT.ok;
  },
});

export const backfillPause = orderVerb(
  "pause",
  "Ask for nothing more; what has a place in the lane still runs",
  "Go on with `npx millrace backfill resume`.",
);
export const backfillResume = orderVerb("resume", "Go on with a paused backfill", "Its next runs have been asked for.");
export const backfillCancel = orderVerb(
  "cancel",
  "End a backfill: what waits is withdrawn, what has a slot runs to its end, what is done stays",
  "What has a slot runs to its end.",
);

const SAMPLE = 20;

export const backfillShow: Verb = {
  usage: "show <backfill>",
  summary: "Show a backfill's progress by state, and what failed in it",
  home: "either",
  examples: ["backfill show backfill-20260115-1f0c2d", "backfill show backfill-20260115-1f0c2d --json"],
  async run({ args: [id = ""] }, context) {
    const { backfills } = await useKernel(context);
    const { backfill, progress } = await backfills.show(id);
    const failed = await backfills.ends(id, { outcome: "failed", limit: SAMPLE });
    const labelled = (key: string) => partitionLabel(key, partitioningOf(backfill.asset));
    const failedTruncated = progress.failed > failed.length;
    context.out.result({ ...backfill, progress, failed, failedTruncated }, () =>
      [
        `${id}: ${backfill.state}; ${backfill.total} of ${backfill.asset} (${backfill.selection}; mode ${backfill.mode})`,
        `started ${timeText(backfill.createdAt)} by ${backfill.author}, ${backfill.state} since ${timeText(backfill.since)}`,
        Object.entries(progress)
          .map(([state, count]) => `${state} ${count}`)
          .join(", "),
        ...(failed.length === 0
          ? []
          : [
              "",
              table(
                ["failed", "class", "code", "message", "run"],
                failed.map((end) => [labelled(end.partition), end.class, end.code, end.message, end.run]),
              ),
              `${failedTruncated ? `Only ${failed.length} of ${progress.failed} are listed. ` : ""}Run what failed again: npx millrace backfill start ${backfill.asset} --failed-of ${id}`,
            ]),
      ].join("\n"),
    );
    return EXIT.ok;
  },
};

export const backfillList: Verb = {
  usage: "list",
  isDefault: true,
  summary: "List backfills, newest first",
  home: "either",
  examples: ["backfill list", "backfill list --json"],
  async run(_, context) {
    const all = await (await useKernel(context)).backfills.list();
    context.out.result(all, () =>
      all.length === 0
        ? "No backfill yet. Look ahead with `npx millrace backfill plan <asset>`."
        : table(
            ["backfill", "state", "asset", "selection", "mode", "total", "open", "failed", "started", "by"],
            all.map((one) => [
              ...[one.id, one.state, one.asset, one.selection, one.mode, one.total, outstanding(one)],
              ...[one.outcomes.failed, timeText(one.createdAt), one.author],
            ]),
          ),
    );
    return EXIT.ok;
  },
};
