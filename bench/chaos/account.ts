import * as z from "zod";
import type { EngineClient } from "../../embedded/control/client.ts";
import { openLakeQuery } from "../../embedded/control/query.ts";
import { temporaryFolder } from "../../embedded/workers/environment.ts";
import { readStatus } from "../../bin/cli/status.ts";
import { readDeliveries } from "../../bin/cli/verbs/deliveries.ts";
import type { LoadFile } from "./load.ts";

export interface Account {
  /** Rows that should be in a table and are not. */
  readonly lost: number;
  /** Rows that are there more often than once, or of bytes that were replaced. */
  readonly doubled: number;
  readonly rows: number;
  readonly webhooks: number;
  readonly webhooksLost: number;
  readonly webhooksDoubled: number;
  /** Rows that the models do not show though the raw table has them, or the other way round. */
  readonly stale: number;
  readonly details: readonly string[];
}

const RAW_LOGS = "raw.raw__mitxonline__openedx__tracking_logs";
const RAW_BLOCKS = "raw.raw__mitxonline__openedx__xml__course_blocks";
const STAGED_LOGS = "staging.stg__mitxonline__openedx__tracking_logs";
const PerFile = z.array(z.object({ file: z.string(), rows: z.coerce.number(), lines: z.coerce.number() }));
const Count = z.array(z.object({ n: z.coerce.number() }));

/** Compares what landed last under every key with what an outside reader finds. */
export async function account(
  engine: EngineClient,
  stateDir: string,
  landed: ReadonlyMap<string, LoadFile>,
): Promise<Account> {
  const { settings } = await readStatus(engine);
  const session = await openLakeQuery(settings, temporaryFolder(stateDir, "account"));
  const details: string[] = [];
  const sum = { lost: 0, doubled: 0, rows: 0 };
  const compare = (what: string, expected: number, found: number, distinct: number): void => {
    const lost = Math.max(0, expected - distinct);
    const doubled = Math.max(0, found - distinct) + Math.max(0, distinct - expected);
    sum.lost += lost;
    sum.doubled += doubled;
    sum.rows += found;
    if (lost + doubled > 0) details.push(`${what}: ${expected} rows landed, ${found} found, ${distinct} distinct`);
  };
  try {
    const logs = PerFile.parse(
      await session.rows(
        `SELECT source_file AS file, count(*) AS "rows", count(DISTINCT source_line) AS lines FROM ${RAW_LOGS} GROUP BY 1`,
      ),
    );
    const courses = PerFile.parse(
      await session.rows(
        `SELECT course_id AS file, count(*) AS "rows", count(DISTINCT block_id) AS lines FROM ${RAW_BLOCKS} GROUP BY 1`,
      ),
    );
    for (const [key, { kind, rows, course }] of landed) {
      const found =
        kind === "tracking_log"
          ? logs.find(({ file }) => file.endsWith(`/${key}`))
          : courses.find(({ file }) => file === course);
      compare(key, rows, found?.rows ?? 0, found?.lines ?? 0);
    }
    const [staged] = Count.parse(await session.rows(`SELECT count(*) AS n FROM ${STAGED_LOGS}`));
    const stale = Math.abs((staged?.n ?? 0) - logs.reduce((total, { rows }) => total + rows, 0));
    return { ...sum, ...(await webhooks(engine, landed, details)), stale, details };
  } finally {
    session.close();
  }
}

async function webhooks(engine: EngineClient, landed: ReadonlyMap<string, LoadFile>, details: string[]) {
  const deliveries = await readDeliveries(engine);
  const courses = [...landed.values()].flatMap(({ course }) => (course === undefined ? [] : [course]));
  let lost = 0;
  let doubled = 0;
  for (const course of courses) {
    const found = deliveries.filter(
      ({ body, deliveredAt }) => JSON.stringify(body).includes(`"${course}"`) && deliveredAt !== null,
    );
    const valid = found.filter(({ signatureValid }) => signatureValid === true).length;
    if (valid === 1 && found.length === 1) continue;
    details.push(`${course}: ${found.length} deliveries, ${valid} with a valid signature`);
    lost += Math.max(0, 1 - valid);
    doubled += Math.max(0, found.length - 1);
  }
  return { webhooks: courses.length, webhooksLost: lost, webhooksDoubled: doubled };
}
