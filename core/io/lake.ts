import { isFailure, Failure } from "../model/failures.ts";
import { openDuckDb, quoteName, type DuckDb, type DuckDbOptions } from "./duckdb.ts";
import type { LakeTarget } from "./ports.ts";

export type LakeOptions = Omit<DuckDbOptions, "extensions">;

/** A DuckDB session with the lake attached as catalog `lake`. */
export interface LakeSession extends DuckDb {
  readonly target: LakeTarget;
}

/** Costs about 0.2 s (loading extensions), so a task keeps it across its invocations. Throws Transient `lake_unreachable`. */
export async function openLake(target: LakeTarget, options: LakeOptions): Promise<LakeSession> {
  const db = await openDuckDb({ ...options, extensions: target.extensions });
  try {
    for (const sql of target.attachSql) await db.run(sql);
    return { ...db, target };
  } catch (error) {
    db.close();
    throw isFailure(error)
      ? error
      : new Failure("Transient", "The lake's catalogue does not answer as an Iceberg REST catalogue.", {
          code: "lake_unreachable",
          what: "attach the lake",
          hint: "On one machine `npx millrace doctor` tells whether the engine is up.",
          cause: error,
        });
  }
}

/** `lake."raw"."table"` */
export const tablePath = (table: { readonly namespace: string; readonly table: string }): string =>
  `lake.${quoteName(table.namespace)}.${quoteName(table.table)}`;
