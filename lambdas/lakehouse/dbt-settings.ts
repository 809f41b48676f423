import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../core/model/failures.ts";
import type { Settings } from "../../core/io/settings.ts";

export interface DbtSettings {
  /** The command, found on the PATH unless it is a path. */
  readonly command: string;
  /** Folder with dbt_project.yml and profiles.yml. */
  readonly project: string;
  /** Of dbt/profiles.yml: what the environment runs its SQL on. */
  readonly target: "duckdb" | "athena";
  /** Kept between builds, so that dbt parses only what changed; absent where nothing outlives a task. */
  readonly stateDir?: string;
}

/**
 * Where dbt and its project are. The project lies beside the bundle, in the image as on one machine; a virtual
 * environment is named by MILLRACE_DBT.
 */
export function readDbtSettings(settings: Pick<Settings, "embedded">, env: NodeJS.ProcessEnv): DbtSettings {
  const project = env["MILLRACE_DBT_PROJECT"] ?? join(dirname(process.argv[1] ?? "."), "dbt");
  if (!existsSync(join(project, "dbt_project.yml"))) {
    throw new Failure("Misconfigured", `There is no dbt project in ${project}.`, {
      code: "dbt_project_missing",
      what: "find the dbt project",
      hint: "Set MILLRACE_DBT_PROJECT to the folder that holds dbt_project.yml.",
    });
  }
  return {
    command: env["MILLRACE_DBT"] ?? "dbt",
    project,
    target: settings.embedded === undefined && env["MILLRACE_DBT_TARGET"] === "athena" ? "athena" : "duckdb",
    ...(settings.embedded === undefined ? {} : { stateDir: join(settings.embedded.stateDir, "dbt") }),
  };
}
