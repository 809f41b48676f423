import * as z from "zod";
import type { EngineClient } from "../../embedded/control/client.ts";
import { openLakeQuery } from "../../embedded/control/query.ts";
import { temporaryFolder } from "../../embedded/workers/environment.ts";
import { readStatus, Run } from "../cli/status.ts";
import { readDeliveries, type Delivery } from "../cli/verbs/deliveries.ts";

/** What there is at one moment: tables with their rows, runs, deliveries. */
export interface Stock {
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly sample: { readonly table: string; readonly rows: readonly Readonly<Record<string, unknown>>[] } | undefined;
  readonly runs: readonly Run[];
  readonly deliveries: readonly Delivery[];
}

const SAMPLE_MART = "marts.marts__openedx__video_engagement";
const Counted = z.object({ table: z.string(), rows: z.coerce.number() });

export async function takeStock(engine: EngineClient, stateDir: string): Promise<Stock> {
  const { settings } = await readStatus(engine);
  const session = await openLakeQuery(settings, temporaryFolder(stateDir, "query"));
  try {
    const names = z
      .array(z.object({ schema: z.string(), name: z.string() }))
      .parse(
        await session.rows(`SELECT schema, name FROM (SHOW ALL TABLES) WHERE database = 'lake' ORDER BY schema, name`),
      );
    const counts = names.map(
      ({ schema, name }) => `SELECT '${schema}.${name}' AS "table", count(*) AS "rows" FROM "${schema}"."${name}"`,
    );
    const tables = counts.length === 0 ? [] : z.array(Counted).parse(await session.rows(counts.join(" UNION ALL ")));
    const marts = tables.filter(({ table, rows }) => table.startsWith("marts.") && rows > 0).map(({ table }) => table);
    const mart = marts.find((table) => table === SAMPLE_MART) ?? marts[0];
    return {
      tables,
      sample:
        mart === undefined
          ? undefined
          : { table: mart, rows: await session.rows(`SELECT * FROM ${mart} ORDER BY ALL LIMIT 3`) },
      runs: await engine.get("/api/runs?limit=1000", z.array(Run)),
      deliveries: await readDeliveries(engine),
    };
  } finally {
    session.close();
  }
}
