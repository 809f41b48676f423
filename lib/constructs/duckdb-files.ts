import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSION = "1.5.5-r.5";

/**
 * The folder that becomes the DuckDB layer. `host`: one machine runs its own processor's build from `node_modules`,
 * so the layer only says which version; `arm64`: what AWS runs.
 */
export async function provideDuckdb(root: string, kind: "host" | "arm64"): Promise<string> {
  const folder = join(root, ".tools", "layers", `duckdb-${VERSION}-${kind}`, "layer");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "versions.json"), JSON.stringify({ duckdb: VERSION, kind }));
  return folder;
}
