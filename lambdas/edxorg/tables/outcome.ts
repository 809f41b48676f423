import { createHash } from "node:crypto";
import { EDXORG_TABLES_CODE } from "../sources/code-versions.ts";
import { lakeTable, NAMESPACE } from "../sources/raw-tables.ts";
import type { LoadRecord } from "./records.ts";

export interface TableOutcome {
  readonly outcome: "loaded" | "unchanged";
  readonly asset: string;
  /** The archive. */
  readonly partition: string;
  /** sha256 over what the archive has delivered of the table. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  /** What others are to look at anew. */
  readonly tables: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly commits: readonly { readonly table: string; readonly snapshotId: string; readonly rows: number }[];
  readonly checks: readonly TableCheck[];
}

type TableCheck = { readonly name: string; readonly passed: boolean } & (
  | { readonly objects: number }
  | { readonly courses: number }
);

interface Settled extends Record<"asset" | "partition" | "table", string> {
  readonly keys: readonly string[];
  /** Courses with rows that the archive has nothing of. */
  readonly missing: number;
  /** Courses with rows whose file is empty in the archive. */
  readonly emptied: number;
}

export function outcomeOf(
  { asset, partition, table, keys, missing, emptied }: Settled,
  loads: readonly LoadRecord[],
): TableOutcome {
  const name = `${NAMESPACE}.${lakeTable(table)}`;
  const sum = (of: (load: LoadRecord) => number): number => loads.reduce((total, load) => total + of(load), 0);
  const counts = {
    objects: sum((load) => load.objects),
    rows: sum((load) => load.counts.rowsRead),
    inserted: sum((load) => load.counts.inserted),
    refreshed: sum((load) => load.counts.refreshed),
    absent: sum((load) => load.counts.absent),
    duplicates: sum((load) => load.counts.duplicates),
    quarantined: sum((load) => load.counts.quarantined),
    ...{ missing, emptied },
    seconds: sum((load) => load.seconds),
  };
  const snapshots = loads.flatMap((load) => load.snapshots);
  const rows = counts.inserted + counts.refreshed + counts.absent;
  const newest = snapshots.at(-1);
  return {
    ...{ outcome: newest === undefined ? "unchanged" : "loaded", asset, partition },
    dataVersion: createHash("sha256").update(JSON.stringify(keys.toSorted())).digest("hex"),
    ...{ codeVersion: EDXORG_TABLES_CODE, tables: newest === undefined ? [] : [name], counts },
    commits: newest === undefined ? [] : [{ table: name, snapshotId: newest, rows }],
    checks: [
      { name: "unreadable_object", passed: counts.quarantined === 0, objects: counts.quarantined },
      { name: "missing_since", passed: missing === 0, courses: missing },
      { name: "emptied", passed: emptied === 0, courses: emptied },
    ],
  };
}
