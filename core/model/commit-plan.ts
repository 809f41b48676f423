import * as z from "zod";

/**
 * What one commit step writes into the lake. Producers stage Parquet files, write the plan as JSON into the
 * artifacts bucket and pass its key on; state machines carry the key, never the rows.
 */

/** Iceberg column types that the raw layer uses. `timestamp` has microseconds and no zone (UTC by contract). */
export const COLUMN_TYPES = ["string", "int", "long", "double", "boolean", "date", "timestamp"] as const;

export const ColumnPlan = z.object({ name: z.string().min(1), type: z.enum(COLUMN_TYPES) });
export type ColumnPlan = z.infer<typeof ColumnPlan>;

export const TablePlan = z
  .object({
    namespace: z.string().min(1),
    table: z.string().min(1),
    columns: z.array(ColumnPlan).min(1),
    /** Identity partition columns. */
    partitionBy: z.array(z.string()),
    /** Rows equal in all of these are deleted in the same commit that inserts: the unit of replacement. */
    replace: z.array(z.object({ column: z.string().min(1), value: z.string() })),
    /** Instead of `replace`: each staged row takes the place of the rows with its key. */
    merge: z
      .object({
        key: z.array(z.string().min(1)).min(1),
        /** One of the key's columns and all values that staged rows have in it: files without any of them are not read. */
        within: z.object({ column: z.string().min(1), values: z.array(z.string()).min(1) }),
      })
      .optional(),
    /** Staged Parquet with exactly `columns`, in that order. Empty = only delete. */
    files: z.array(z.object({ bucket: z.string(), key: z.string(), rows: z.number().int().nonnegative() })),
    sortBy: z.array(z.string()),
  })
  .refine(({ replace, merge }) => replace.length > 0 === (merge === undefined), "either `replace` or `merge`");
export type TablePlan = z.infer<typeof TablePlan>;

export const CommitPlan = z.object({
  version: z.literal(1),
  /** Deterministic id of the work: the same input and code give the same id. */
  id: z.string().min(1),
  /**
   * The ledger item whose `planId` names the newest plan for the same rows. A plan that is no longer the newest is not
   * committed: two versions of one file may stand in line in any order. Absent = nothing competes.
   */
  newest: z.object({ pk: z.string().min(1), sk: z.string().min(1) }).optional(),
  tables: z.array(TablePlan),
});
export type CommitPlan = z.infer<typeof CommitPlan>;

/** One table's result: what was read back from the catalogue after the commit. */
export interface TableCommit {
  readonly table: string;
  readonly snapshotId: string;
  readonly rows: number;
}
