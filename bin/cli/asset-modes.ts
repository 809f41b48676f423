import { EVERY_JOBS_MODES, type BackfillMode } from "../../core/model/backfills/mode.ts";
import { domains } from "../../state-machines/index.ts";

/** Modes that the job behind an asset takes: of what lands for it; of an asset without landings, those of every job. */
export function modesOf(asset: string): readonly BackfillMode[] {
  for (const { pipeline } of domains) {
    const landing = pipeline.triggers.find((trigger) => trigger.kind === "landing" && trigger.asset === asset);
    if (landing !== undefined) return pipeline.jobs[landing.job]?.modes ?? EVERY_JOBS_MODES;
  }
  return EVERY_JOBS_MODES;
}
