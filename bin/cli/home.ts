import { openAlerts, type Alerts } from "../../core/io/alerts.ts";
import { connect } from "../../core/io/connect.ts";
import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import { confirmRemovals, type Confirmation } from "../../core/io/partition-confirmation.ts";
import { openReconciliation, type Reconciliation } from "../../core/io/reconcile.ts";
import { openScheduleBoard, type ScheduleBoard } from "../../core/io/schedule-board.ts";
import { statusBy } from "../../core/io/schedules.ts";
import type { Io } from "../../core/io/ports.ts";
import { readSettings, type Settings } from "../../core/io/settings.ts";
import { landingsIn } from "../../core/model/landings/landing.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { schedulesIn } from "../../core/model/schedules/declared-schedules.ts";
import { domains } from "../../state-machines/index.ts";
import { environmentOf } from "../environments.ts";
import { readStatus } from "./status.ts";
import type { VerbContext } from "./verb.ts";

/** Whoever asks for an environment in AWS is told which one it is. */
export type Deployed = Pick<VerbContext, "out"> & { readonly environment: EnvironmentName };
export type HomeContext = Deployed | (Pick<VerbContext, "engine"> & { readonly environment?: undefined });

/** What decides which run comes next, in this process, on the ports of the home that was asked for. */
export const useKernel = async (context: HomeContext): Promise<Coordination> => (await useHome(context)).coordination;

/** What compares all that has landed with what is on record, in the same way. */
export async function useReconciliation(context: HomeContext): Promise<Reconciliation> {
  const { io, settings, coordination } = await useHome(context);
  const landings = landingsIn(domains.map(({ pipeline }) => pipeline));
  return openReconciliation({ io, coordination, bucket: settings.buckets.landing, landings, now: Date.now });
}

/** For what is only read, and belongs to one domain. */
export async function usePorts(context: HomeContext): Promise<{ readonly io: Io; readonly settings: Settings }> {
  const { io, settings } = await useHome(context);
  return { io, settings };
}

export const useAlerts = async (context: HomeContext): Promise<Alerts> =>
  openAlerts((await useHome(context)).io.ledger);

/** Keeps what an operator agrees to for the next read of an asset's source. */
export async function useConfirmation(context: HomeContext) {
  const { io } = await useHome(context);
  return (asset: string, confirmation: Confirmation) => confirmRemovals(io.ledger, asset, confirmation);
}

/** An environment in AWS, or the running engine as it describes itself. */
async function settingsOf(context: HomeContext): Promise<Settings> {
  if (context.environment === undefined) return readSettings((await readStatus(await context.engine())).settings);
  // With it come the SDK's clients: a sixth of a second of modules.
  const { deployedSettings } = await import("./deployed.ts");
  return deployedSettings(context.environment, context.out.note);
}

async function useHome(context: HomeContext) {
  const settings = await settingsOf(context);
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
