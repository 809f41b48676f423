import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The name that dbt_project.yml takes from MILLRACE_DBT_CATALOG; absent = Glue's own catalogue. */
const CATALOG = "table_bucket";

const CATALOGS_YML = `catalogs:
  - name: ${CATALOG}
    active_write_integration: s3_tables
    write_integrations:
      - name: s3_tables
        catalog_type: s3_tables
        table_format: iceberg
        file_format: parquet
`;

/**
 * dbt's Athena adapter creates tables in a table bucket only if catalogs.yml says so (1.11.1), and dbt's DuckDB adapter
 * refuses a project with that file: so it is put into a copy of the project, below `folder`.
 */
export async function athenaProject(project: string, folder: string, env: NodeJS.ProcessEnv) {
  if (env["MILLRACE_ATHENA_CATALOG"]?.startsWith("s3tablescatalog/") !== true) return { project, env };
  const copy = join(folder, "project");
  await cp(project, copy, { recursive: true });
  await writeFile(join(copy, "catalogs.yml"), CATALOGS_YML);
  return { project: copy, env: { ...env, MILLRACE_DBT_CATALOG: CATALOG } };
}
