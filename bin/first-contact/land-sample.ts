import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineClient } from "../../embedded/control/client.ts";
import { landingKey, type LandingKind } from "../cli/landing-keys.ts";
import type { Output } from "../cli/output.ts";
import { landAndWait, type LandedObject, type LandingFile } from "../cli/landing.ts";
import { SAMPLE_COURSE_ID, SAMPLE_DATE, SAMPLE_DEPLOYMENT, sampleCourse, sampleTrackingLog } from "./sample.ts";

/** A first build of all models takes about 20 s on two cores. */
const TIMEOUT_SECONDS = 300;

export interface LandedSample {
  readonly objects: readonly LandedObject[];
  /** Everything settled and succeeded. */
  readonly ok: boolean;
}

/** Lands the sample course, then the day of events on it; both start their work at once. */
export async function landSample(engine: EngineClient, stateDir: string, out: Output): Promise<LandedSample> {
  const parent = join(stateDir, "tmp");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "sample-"));
  try {
    const file = (kind: LandingKind, name: string, bytes: Buffer): LandingFile => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return { path, kind, key: landingKey(kind, SAMPLE_DEPLOYMENT, path, SAMPLE_DATE) };
    };
    const files = [
      file("course_archive", `${SAMPLE_COURSE_ID}.tar.gz`, sampleCourse()),
      file("tracking_log", `tracking.log-${SAMPLE_DATE}.gz`, sampleTrackingLog()),
    ];
    return await landAndWait({
      engine: () => Promise.resolve(engine),
      out,
      stateDir,
      files,
      wait: true,
      timeoutSeconds: TIMEOUT_SECONDS,
      // Nothing is declared to be made of the sample's assets in a lane.
      consumers: () => Promise.resolve({ requested: [], untold: 0 }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
