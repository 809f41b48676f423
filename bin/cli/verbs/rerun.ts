import { randomUUID } from "node:crypto";
import * as z from "zod";
import { BACKFILL_MODES, BackfillMode, takenMode } from "../../../core/model/backfills/mode.ts";
import { modesOf } from "../asset-modes.ts";
import { badInput, EXIT } from "../output.ts";
import { AUTHOR_OPTION, Authored, knownAsset, RECORDED_DOMAINS, useKernel } from "../kernel.ts";
import { partitioningOf, readPartition } from "../partition-names.ts";
import type { Verb } from "../verb.ts";
import { newBackfillId, showStarted } from "./backfill-text.ts";

const RerunOptions = Authored.extend({
  failed: z.boolean().default(false),
  fromFailure: z.boolean().default(false),
  mode: z.string().optional(),
});

export const rerun: Verb = {
  usage: "rerun <asset> [partition]",
  summary: "Run one partition again, before all that waits; or, with --failed, all that failed",
  options: [
    ["--failed", "all partitions of the asset whose latest run failed, as a backfill"],
    ["--from-failure", "have the partition's latest run, which failed, go on from the step where it stands"],
    [
      "--mode <mode>",
      `${BACKFILL_MODES.join(", ")} (default: all; with --failed missing-only, which goes on from what was done)`,
    ],
    AUTHOR_OPTION,
  ],
  home: "either",
  examples: [
    "rerun mitxonline/openedx/raw_data/tracking_logs logs/2026-01-15/tracking.log-2026-01-15.gz",
    "rerun --failed mitxonline/openedx/raw_data/tracking_logs",
    "rerun --from-failure mitxonline/openedx/raw_data/tracking_logs logs/2026-01-15/tracking.log",
  ],
  async run({ args: [name, key], options }, context) {
    const { failed, fromFailure, mode: given, author } = RerunOptions.parse(options);
    const asset = knownAsset(name);
    const partition = key === undefined ? undefined : readPartition(key, partitioningOf(asset));
    const mode = readMode(given ?? (failed ? "missing-only" : "all"), asset);
    if (failed === (partition !== undefined)) {
      throw badInput(
        "Name one partition, or give --failed for all that failed.",
        `\`npx millrace failures ${asset}\` lists them.`,
      );
    }
    if (fromFailure && (partition === undefined || given !== undefined)) {
      throw badInput(
        "--from-failure takes one partition and no --mode.",
        "The run goes on with the input that it has.",
      );
    }
    const { recovery, backfills } = await useKernel(context);
    const now = Date.now();
    if (fromFailure && partition !== undefined) {
      const run = await recovery.redrive({ asset, partition }, { author, now });
      context.out.result(
        { asset, partition, run, waits: false },
        () => `${run} goes on from where it failed. ${follow(run)}`,
      );
      return EXIT.ok;
    }
    if (partition === undefined) {
      const id = newBackfillId(now);
      const started = await backfills.start({ id, selection: { asset, status: "failed" }, mode, author, now });
      context.out.result({ backfill: started }, () => showStarted(started));
      return EXIT.ok;
    }
    const wish = { id: `manual/${randomUUID()}`, author, now, mode };
    const { request, waits } = await recovery.rerun({ asset, partition }, wish);
    const run = request?.name ?? null;
    context.out.result({ asset, partition, run, waits }, () =>
      run === null
        ? `A run of ${partition} is ${waits ? "in flight; this one follows it" : "noted; nothing can be started now"}.`
        : `Asked for ${run}. ${follow(run)}`,
    );
    return EXIT.ok;
  },
};

const follow = (run: string): string =>
  `Follow it with \`npx millrace run show ${run}\`; until it has a slot, see \`npx millrace lanes\`.`;

/** Throws Rejected `mode_not_taken` for one that means nothing to the runs of the asset. */
export function readMode(given: string, asset: string): BackfillMode {
  if (BackfillMode.safeParse(given).success) return takenMode(given, modesOf(asset), `A run of ${asset}`);
  throw badInput(`--mode "${given}" is no mode.`, `Use one of: ${BACKFILL_MODES.join(", ")}.`, "unknown_mode");
}

const CancelOptions = Authored.extend({ reason: z.string().optional() });

export const cancel: Verb = {
  usage: "cancel <run>",
  summary: "Cancel a run wherever it is: one that waits never starts, one that runs is stopped with its workers",
  options: [["--reason <text>", "why; it is the cause of the execution's end"], AUTHOR_OPTION],
  home: "either",
  examples: [`cancel tracking-logs-2026-01-15-0123456789abcdef-3 --reason "wrong file"`],
  async run({ args: [run = ""], options }, context) {
    const { reason, author } = CancelOptions.parse(options);
    const { recovery } = await useKernel(context);
    const by = { author, now: Date.now(), domains: RECORDED_DOMAINS, ...(reason === undefined ? {} : { reason }) };
    const cancelled = await recovery.cancel(run, by);
    context.out.result({ run, cancelled }, () =>
      cancelled === "withdrawn" ? `${run} waited and will not start.` : `${run} is being stopped.`,
    );
    return EXIT.ok;
  },
};
