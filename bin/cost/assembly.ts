import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { synthesise } from "../cli/synthesise.ts";
import { readTemplates, type Resource } from "./templates.ts";

/** Templates of environments as they would be deployed now. */
export async function synthesised(
  environments: readonly EnvironmentName[],
): Promise<Readonly<Record<string, readonly Resource[]>>> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-cost-"));
  try {
    await synthesise(folder, environments.join(","));
    return Object.fromEntries(environments.map((name) => [name, readTemplates(folder, name)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
