import { randomUUID } from "node:crypto";
import * as z from "zod";
import { quoteName, quoteText } from "../../core/io/duckdb.ts";
import { openLake, tablePath, type LakeOptions, type LakeSession } from "../../core/io/lake.ts";
import { withLease } from "../../core/io/lease.ts";
import type { Ledger, LakeTarget } from "../../core/io/ports.ts";
import { badInput } from "./output.ts";
import { readTable, tableNames, unreachable, type LakeTable } from "./worn-tables.ts";

export interface CompactHome {
  readonly catalogUri: string;
  readonly target: LakeTarget;
  readonly ledger: Ledger;
  readonly options: LakeOptions;
  /** For people. */
  readonly holder: string;
}

export interface Compacted {
  /** `raw.table` */
  readonly table: string;
  /** `changed`: a commit came meanwhile, so the table is as it was. */
  readonly outcome: "compacted" | "changed";
  readonly rows: number;
  readonly deleted: number;
  readonly files: number;
}

/** A dead one is replaced after a minute; there is one at a time. */
const LEASE = { ttlSeconds: 60, waitSeconds: 0 };
/** Written beside the table; of one that was killed it stays, and the next one drops it. */
const BESIDE = "__compacted_";

/**
 * Writes tables anew of whose rows at least this share is deleted: deletes stand in files of their own, which every read
 * opens, and nothing else takes them away on one machine. A table is replaced in one step; readers and writers that
 * have loaded the old one are refused or done. Throws Conflict `lease_held`, and bad input for a table that is not there.
 */
export const compactTables = (home: CompactHome, share: number, only?: string): Promise<Compacted[]> =>
  withLease(home.ledger, "lake-compaction", { ...LEASE, holder: home.holder }, async (lease) => {
    const done: Compacted[] = [];
    const places = await tableNames(home.catalogUri);
    if (only !== undefined && !places.some(({ namespace, table }) => `${namespace}.${table}` === only)) {
      throw badInput(
        `The lake has no table ${only}.`,
        'Give namespace and name, such as raw.events; `npx millrace query "SHOW ALL TABLES"` lists them.',
        "not_found",
      );
    }
    for (const place of places) {
      await lease.check();
      const name = `${place.namespace}.${place.table}`;
      if (place.table.includes(BESIDE)) {
        await inSession(home, (session) => session.run(`DROP TABLE IF EXISTS ${tablePath(place)}`));
        continue;
      }
      const table = only === undefined || only === name ? await readTable(home.catalogUri, place) : undefined;
      if (table === undefined || table.deleted === 0 || table.deleted < table.rows * share) continue;
      const { deleted, files } = table;
      done.push({
        table: name,
        ...(await inSession(home, (session) => compact(session, home.catalogUri, table))),
        deleted,
        files,
      });
    }
    return done;
  });

/** Each of its own: one that has seen a table does not see what has become of it. */
async function inSession<T>({ target, options }: CompactHome, work: (session: LakeSession) => Promise<T>): Promise<T> {
  const session = await openLake(target, options);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}

const Columns = z.array(z.object({ name: z.string(), type: z.string() })).min(1);

/** What is read is of the snapshot that is expected, or of a newer one: then the table is not replaced. */
async function compact(
  session: LakeSession,
  catalogUri: string,
  table: LakeTable,
): Promise<Pick<Compacted, "outcome" | "rows">> {
  const { namespace, partitionBy, properties } = table;
  const beside = { namespace, table: `${table.table}${BESIDE}${randomUUID().slice(0, 8)}` };
  const described = `SELECT name, type FROM pragma_table_info(${quoteText(tablePath(table))})`;
  const columns = Columns.parse(await session.rows(described)).map(({ name, type }) => `${quoteName(name)} ${type}`);
  const partition = partitionBy.length === 0 ? "" : `PARTITIONED BY (${partitionBy.map(quoteName).join(", ")})`;
  const own = Object.entries(properties).map(([key, value]) => `${quoteText(key)} = ${quoteText(value)}`);
  const terms = own.length === 0 ? "" : `WITH (${own.join(", ")})`;
  await session.run(`CREATE TABLE ${tablePath(beside)} (${columns.join(", ")}) ${partition} ${terms}`);
  const rows = await session.run(`INSERT INTO ${tablePath(beside)} SELECT * FROM ${tablePath(table)}`);
  const isReplaced = await replace(catalogUri, beside, table);
  if (!isReplaced) await session.run(`DROP TABLE ${tablePath(beside)}`);
  return { outcome: isReplaced ? "compacted" : "changed", rows };
}

const CONFLICT = 409;

async function replace(
  catalogUri: string,
  from: { readonly namespace: string; readonly table: string },
  { namespace, table, snapshotId }: LakeTable,
): Promise<boolean> {
  const response = await fetch(`${catalogUri}/v1/tables/replace`, {
    method: "POST",
    body: JSON.stringify({
      source: { namespace: [from.namespace], name: from.table },
      destination: { namespace: [namespace], name: table },
      "expected-snapshot-id": snapshotId,
    }),
  });
  if (response.ok) return true;
  if (response.status === CONFLICT) return false;
  throw unreachable(`The catalogue answers ${response.status} to the replacement of ${namespace}.${table}.`);
}
