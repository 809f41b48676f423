import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { everyItem } from "../../core/io/every-item.ts";
import { tablePath } from "../../core/io/lake.ts";
import { withLease } from "../../core/io/lease.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { lakeAccess } from "../lake/lake-access.ts";
import { lakeTable, memberRecords, NAMESPACE } from "./sources/raw-tables.ts";
import { EDXORG_TABLES } from "./sources/tables.ts";
import { forgetRowHash } from "./settled-row-hash.ts";
import { tableRecords, tableLease } from "./tables/records.ts";

/** Said in full, for what it removes comes back only from the archives. */
const Input = z.looseObject({ confirm: z.literal("forget all tables of edx.org") });

export const handler = task({ name: "ForgetTables", input: Input, run: forgetTables });

/** One that a killed attempt of this task has left behind is waited for. */
const LEASE = { ttlSeconds: 30, waitSeconds: 45 };
const WRITES = 90;

/**
 * Drops the tables of edx.org and forgets what is on record of them and by what their rows are told apart, so that archives
 * that are unpacked again load them anew. Objects, manifests and the records of loads stay. Doing it again goes on with
 * what is left. Throws Conflict `lease_held` when a table is still loaded after 45 s.
 */
export async function forgetTables(
  _: z.infer<typeof Input>,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<{ readonly tables: number; readonly records: number; readonly archives: number }> {
  const lake = lakeAccess(io.lake, {
    ...{ memoryMb: Math.floor(settings.memoryMb / 4), threads: 1, extensionsDir: settings.duckdbExtensions },
    tempDir: join(tmpdir(), `millrace-forget-${process.pid}`),
  });
  let records = 0;
  try {
    for (const table of EDXORG_TABLES) {
      const terms = { ...LEASE, holder: `${run.id}/${run.state}/${run.attempt}` };
      await withLease(io.ledger, tableLease(table), terms, async () => {
        const session = await lake.session();
        const place = { namespace: NAMESPACE, table: lakeTable(table) };
        // DuckDB does not ask the catalogue about a table of a schema that is not there.
        await session.run(`CREATE SCHEMA IF NOT EXISTS lake.${NAMESPACE}`);
        await session.run(`DROP TABLE IF EXISTS ${tablePath(place)}`);
        for (const pk of [...tableRecords(table), memberRecords(table)]) records += await forget(io.ledger, pk);
        await io.ledger.write([{ delete: { pk: "edxorg-table-open", sk: table }, if: { any: true } }]);
      });
    }
  } finally {
    await lake.discard();
  }
  const archives = await unsettleArchives(io.ledger);
  await forgetRowHash(io.ledger);
  return { tables: EDXORG_TABLES.length, records, archives };
}

async function forget(ledger: Ledger, pk: string): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { items } = await ledger.query(pk, { limit: WRITES });
    if (items.length === 0) return forgotten;
    await ledger.write(items.map(({ sk }) => ({ delete: { pk, sk }, if: { any: true } })));
    forgotten += items.length;
  }
}

/** Archives were unpacked with the hashes of before: each is read again when it is asked for, from its first member on. */
async function unsettleArchives(ledger: Ledger): Promise<number> {
  let archives = 0;
  for await (const { sk, rev, data } of everyItem(ledger, "edxorg-archive")) {
    await forget(ledger, `edxorg-archive-part#${sk}`);
    const record = z.record(z.string(), z.unknown()).parse(data);
    const put = { pk: "edxorg-archive", sk, data: { ...record, codeVersion: "forgotten" } };
    await ledger.write([{ put, if: { rev } }]);
    archives += 1;
  }
  return archives;
}
