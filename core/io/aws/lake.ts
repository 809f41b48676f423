import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { Failure } from "../../model/failures.ts";
import type { LakeSession } from "../lake.ts";
import type { LakeSnapshot, LakeTarget } from "../ports.ts";
import type { Settings } from "../settings.ts";

/** Reading snapshots needs hardly any memory: manifests lists only. */
const READER_MEMORY_MB = 256;

/**
 * The lake in AWS: S3 Tables (`s3tables:<table bucket arn>`) or Glue (`glue:<account id>`), both by their Iceberg
 * REST endpoints with SigV4. DuckDB signs; snapshots are therefore read through DuckDB as well.
 */
export function awsLake(settings: Settings): LakeTarget {
  const target: LakeTarget = {
    attachSql: attachSql(settings.lakeCatalog),
    extensions: ["httpfs", "aws", "avro", "iceberg"],
    // Table buckets have names of their own making; the role of the task bounds what can be read.
    dataRoots: ["s3://"],
    currentSnapshot: (namespace, table) => currentSnapshot(reader(), namespace, table),
  };
  let opened: Promise<LakeSession> | undefined;
  const reader = (): Promise<LakeSession> => {
    opened ??= import("../lake.ts")
      .then(({ openLake }) =>
        openLake(target, {
          memoryMb: READER_MEMORY_MB,
          threads: 1,
          tempDir: join(tmpdir(), "millrace-snapshots"),
          extensionsDir: settings.duckdbExtensions,
        }),
      )
      .catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
    return opened;
  };
  return target;
}

function attachSql(catalog: string): string[] {
  const arn = /^s3tables:(arn:aws[a-z-]*:s3tables:([a-z0-9-]+):\d{12}:bucket\/[a-z0-9-]+)$/.exec(catalog);
  const account = /^glue:(\d{12})$/.exec(catalog)?.[1];
  const attach = (warehouse: string, endpoint: string): string =>
    // With the multi-table endpoint 4 of 15 acknowledged commits were lost under concurrent writers.
    `ATTACH '${warehouse}' AS lake (TYPE iceberg, ENDPOINT_TYPE ${endpoint}, DISABLE_MULTI_TABLE_COMMIT true)`;
  const secret = (region: string): string =>
    `CREATE OR REPLACE SECRET aws (TYPE s3, PROVIDER credential_chain, REFRESH auto${region})`;
  if (arn?.[1] !== undefined && arn[2] !== undefined) {
    return [secret(`, REGION '${arn[2]}'`), attach(arn[1], "s3_tables")];
  }
  if (account !== undefined) return [secret(""), attach(account, "glue")];
  throw new Failure("Misconfigured", `The lake's catalogue is "${catalog}", which is no catalogue of AWS.`, {
    code: "unknown_lake_catalog",
    what: "reach the lake",
    hint: "Valid are s3tables:<table bucket arn> and glue:<account id>.",
  });
}

const Snapshots = z.array(
  z.object({ snapshot_id: z.coerce.string(), timestamp_ms: z.string(), operation: z.string().nullish() }),
);

async function currentSnapshot(
  opening: Promise<LakeSession>,
  namespace: string,
  table: string,
): Promise<LakeSnapshot | undefined> {
  const session = await opening;
  const { tablePath } = await import("../lake.ts");
  const path = tablePath({ namespace, table });
  const found = await session
    .rows(`SELECT * FROM iceberg_snapshots(${path}) ORDER BY sequence_number DESC`)
    .catch((error: unknown) => {
      if (error instanceof Error && /^Catalog Error: .*(does not exist|not found)/.test(error.message)) return [];
      throw error;
    });
  const snapshots = Snapshots.parse(found);
  const current = snapshots[0];
  if (current === undefined) return undefined;
  return {
    snapshotId: current.snapshot_id,
    committedAt: new Date(`${current.timestamp_ms.replace(" ", "T")}Z`),
    summary: current.operation ? { operation: current.operation } : {},
    history: snapshots.map((snapshot) => snapshot.snapshot_id),
  };
}
