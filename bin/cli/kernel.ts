import { userInfo } from "node:os";
import * as z from "zod";
import { connect } from "../../core/io/connect.ts";
import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import { openReconciliation, type Reconciliation } from "../../core/io/reconcile.ts";
import { readSettings } from "../../core/io/settings.ts";
import { landingsIn } from "../../core/model/landings/landing.ts";
import { domains } from "../../state-machines/index.ts";
import { badInput } from "./output.ts";
import { readStatus } from "./status.ts";
import type { VerbContext } from "./verb.ts";

/** What decides which run comes next, in this process, on the ports of the home that the running engine names. */
export const useKernel = async (context: Pick<VerbContext, "engine">): Promise<Coordination> =>
  (await useHome(context)).coordination;

/** What compares all that has landed with what is on record, in the same way. */
export async function useReconciliation(context: Pick<VerbContext, "engine">): Promise<Reconciliation> {
  const { io, settings, coordination } = await useHome(context);
  const landings = landingsIn(domains.map(({ pipeline }) => pipeline));
  return openReconciliation({ io, coordination, bucket: settings.buckets.landing, landings, now: Date.now });
}

async function useHome({ engine }: Pick<VerbContext, "engine">) {
  const settings = readSettings((await readStatus(await engine())).settings);
  const io = await connect(settings);
  return { io, settings, coordination: openCoordination({ io, settings, now: Date.now }) };
}

export const ASSETS: readonly string[] = domains
  .flatMap(({ pipeline }) => pipeline.assets.map(({ id }) => id))
  .toSorted();

/** Domains whose runs are on record. */
export const RECORDED_DOMAINS: readonly string[] = domains
  .filter(({ pipeline }) => pipeline.machine !== "express")
  .map(({ pipeline }) => pipeline.domain);

export function knownAsset(asset: string | undefined): string {
  if (asset !== undefined && ASSETS.includes(asset)) return asset;
  const near = ASSETS.filter((one) => asset !== undefined && one.includes(asset));
  const listed = near.length === 0 ? ASSETS : near;
  throw badInput(
    asset === undefined ? "Name an asset." : `There is no asset "${asset}".`,
    `There are: ${listed.join(", ")}.`,
    "unknown_asset",
  );
}

export const AUTHOR_OPTION = ["--author <name>", "who (default: the user of this machine)"] as const;
export const Authored = z.looseObject({
  author: z
    .string()
    .min(1)
    .default(() => userInfo().username),
});

export const timeText = (at: number): string => new Date(at).toISOString().slice(0, 19);
