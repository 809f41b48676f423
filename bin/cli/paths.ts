import { join, resolve } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

/** The stage that one machine runs. */
export const ENVIRONMENT = "dev";
/** An assembly of its own: `cdk synth` must be free to rewrite cdk.out while an engine runs. */
export const ASSEMBLY_DIR = join(ROOT, ".tools", "assembly");
export const DUCKDB_EXTENSIONS = join(ROOT, ".tools", "duckdb-extensions");
/** dbt and other tools that containers bring along in AWS. */
export const TOOL_PATH = [join(ROOT, ".tools", "python", "bin")];

export const defaultStateDir = (): string => resolve(process.env["MILLRACE_STATE"] ?? join(ROOT, ".millrace"));
