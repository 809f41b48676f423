import type { RowHash } from "../archive/row-hash.ts";

/** Fixed for the life of the tables: to change it is to raise the code version and to rebuild them. */
export const ROW_HASH: RowHash = "safe";
