import { userInfo } from "node:os";
import * as z from "zod";
import { openAlerts, type Alerts } from "../../core/io/alerts.ts";
import { connect } from "../../core/io/connect.ts";
import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import { openReconciliation, type Reconciliation } from "../../core/io/reconcile.ts";
import { openScheduleBoard, type ScheduleBoard } from "../../core/io/schedule-board.ts";
import { statusBy } from "../../core/io/schedules.ts";
import { readSettings } from "../../core/io/settings.ts";
import { landingsIn } from "../../core/model/landings/landing.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { schedulesIn } from "../../core/model/schedules/declared-schedules.ts";
import { domains } from "../../state-machines/index.ts";
import { environmentOf } from "../environments.ts";
import { deployedSettings } from "./deployed.ts";
import { badInput } from "./output.ts";
import { readStatus } from "./status.ts";
import type { VerbContext } from "./verb.ts";

/** Whoever asks for an environment in AWS is told which one it is. */
type Deployed = Pick<VerbContext, "out"> & { readonly environment: EnvironmentName };
type HomeContext = Deployed | (Pick<VerbContext, "engine"> & { readonly environment?: undefined });

/** What decides which run comes next, in this process, on the ports of the home that was asked for. */
export const useKernel = async (context: HomeContext): Promise<Coordination> => (await useHome(context)).coordination;

/** What compares all that has landed with what is on record, in the same way. */
export async function useReconciliation(context: HomeContext): Promise<Reconciliation> {
  const { io, settings, coordination } = await useHome(context);
  const landings = landingsIn(domains.map(({ pipeline }) => pipeline));
  return openReconciliation({ io, coordination, bucket: settings.buckets.landing, landings, now: Date.now });
}

export const useAlerts = async (context: HomeContext): Promise<Alerts> =>
  openAlerts((await useHome(context)).io.ledger);

/** An environment in AWS, or the running engine as it describes itself. */
async function useHome(context: HomeContext) {
  const settings =
    context.environment === undefined
      ? readSettings((await readStatus(await context.engine())).settings)
      : await deployedSettings(context.environment, context.out.note);
  const io = await connect(settings);
  return { io, settings, coordination: openCoordination({ io, settings, now: Date.now }) };
}

/** Of a deployed environment, as this checkout declares them. */
export async function useDeployedSchedules(context: Deployed): Promise<ScheduleBoard> {
  const { io } = await useHome(context);
  const declared = schedulesIn(
    environmentOf(context.environment),
    domains.map(({ pipeline }) => pipeline),
  );
  return openScheduleBoard({
    ledger: io.ledger,
    schedules: () => declared.map((declaration) => ({ declaration, ticks: true })),
    statusOf: statusBy(io.executions),
    now: () => new Date(),
  });
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
