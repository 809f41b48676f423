import { EDXORG_TABLES } from "./tables.ts";

const ASSETS = "edxorg/raw_tables/";

/** One asset for each table; its partitions are archives. */
export const tableAsset = (table: string): string => `${ASSETS}${table}`;

/** The table that an asset is of; undefined = of none of the 44. */
export const tableOf = (asset: string): string | undefined =>
  EDXORG_TABLES.find((table) => tableAsset(table) === asset);

export const NAMESPACE = "raw";

export const lakeTable = (table: string): string => `raw__edxorg__s3__tables__${table}`;

/** Of the course of an object: only objects of `prod` are loaded. */
export const LOADED_SOURCE = "prod";

/** Partition of the ledger with what is known of the members of a table. */
export const memberRecords = (table: string): string => `edxorg-member#edxorg/raw_data/db_table/${table}`;
