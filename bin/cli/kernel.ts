import { userInfo } from "node:os";
import * as z from "zod";
import { assetsIn } from "../../core/model/assets.ts";
import { domains } from "../../state-machines/index.ts";
import type { Deployed, HomeContext } from "./home.ts";
import { badInput } from "./output.ts";

/** What decides is loaded by the verbs that need it: it takes longer than all the rest of the command line. */
const home = () => import("./home.ts");
export const useKernel = async (context: HomeContext) => (await home()).useKernel(context);
export const useReconciliation = async (context: HomeContext) => (await home()).useReconciliation(context);
export const usePorts = async (context: HomeContext) => (await home()).usePorts(context);
export const useAlerts = async (context: HomeContext) => (await home()).useAlerts(context);
export const useConfirmation = async (context: HomeContext) => (await home()).useConfirmation(context);
export const useDeployedSchedules = async (context: Deployed) => (await home()).useDeployedSchedules(context);

export const ASSETS: readonly string[] = domains
  .flatMap(({ pipeline }) => pipeline.assets.map(({ id }) => id))
  .toSorted();

/** What is known of assets by whoever decides about runs. */
export const DECLARED = assetsIn(domains.map(({ pipeline }) => pipeline));

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
