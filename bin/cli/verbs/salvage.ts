import { randomUUID } from "node:crypto";
import { domains } from "../../../state-machines/index.ts";
import { AUTHOR_OPTION, Authored, knownAsset, useKernel } from "../kernel.ts";
import { badInput, EXIT } from "../output.ts";
import { partitioningOf, readPartition } from "../partition-names.ts";
import type { Verb } from "../verb.ts";

const JOB = "tracking_log";

/** For one file at a time, and never by a backfill: somebody has to have looked at it. */
export const salvage: Verb = {
  usage: "salvage <asset> <partition>",
  summary: "Publish the complete lines of a tracking log that was cut, marked as truncated",
  options: [AUTHOR_OPTION],
  home: "either",
  examples: ["salvage edxorg/raw_data/tracking_logs COLD/mitx-edx-events-2026-01-05"],
  async run({ args: [name = "", key = ""], options }, context) {
    const { author } = Authored.parse(options);
    const asset = knownAsset(name);
    const isLog = domains.some(({ pipeline: { triggers } }) =>
      triggers.some((trigger) => trigger.kind === "landing" && trigger.job === JOB && trigger.asset === asset),
    );
    if (!isLog) throw badInput(`${asset} is no tracking log.`, "Only the lines of a log can be told from each other.");
    const partition = readPartition(key, partitioningOf(asset));
    const { recovery } = await useKernel(context);
    const ask = { id: `manual/${randomUUID()}`, author, now: Date.now(), mode: "salvage" };
    const { request, waits } = await recovery.rerun({ asset, partition }, ask);
    const run = request?.name ?? null;
    context.out.result({ asset, partition, run, waits }, () =>
      run === null
        ? `A run of ${partition} is ${waits ? "in flight; this one follows it" : "noted; nothing can be started now"}.`
        : `Asked for ${run}. Follow it with \`npx millrace run show ${run}\`.`,
    );
    return EXIT.ok;
  },
};
