import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { Failure } from "../../model/failures.ts";
import { quoteName, quoteText } from "../sql-text.ts";
import type { LakeSession } from "../lake.ts";
import type { LakeSnapshot, LakeTarget } from "../ports.ts";
import type { Settings } from "../settings.ts";

/** Reading snapshots needs hardly any memory: manifests lists only. */
const READER_MEMORY_MB = 256;

/**
 * The lake in AWS: S3 Tables (`s3tables:<table bucket arn>`) or Glue (`glue:<account id>`), both by their Iceberg
 * REST endpoints with SigV4. DuckDB signs; snapshots are therefore read through DuckDB as well.
 */
export function awsLake(
  settings: Pick<Settings, "lakeCatalog" | "duckdbExtensions"> & {
    readonly buckets: Pick<Settings["buckets"], "lake">;
  },
): LakeTarget {
  const target: LakeTarget = {
    attachSql: attachSql(settings.lakeCatalog),
    ...(settings.lakeCatalog.startsWith("glue:") ? { tablesAt: `s3://${settings.buckets.lake}/warehouse` } : {}),
    extensions: ["httpfs", "aws", "avro", "iceberg"],
    // Table buckets have names of their own making; the role of the task bounds what can be read.
    dataRoots: ["s3://"],
    currentSnapshot: async (namespace, table) => {
      const session = await reader();
      const found = await snapshotsOf(session, namespace, table);
      if (found !== undefined) return newest(found);
      // DuckDB remembers for the whole session what did not exist when it was first named.
      opened = undefined;
      session.close();
      return undefined;
    },
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

function attachSql(catalog: string): readonly string[] {
  const [, arn, tablesRegion] =
    /^s3tables:(arn:aws[a-z-]*:s3tables:([a-z0-9-]+):\d{12}:bucket\/[a-z0-9-]+)$/.exec(catalog) ?? [];
  if (arn !== undefined && tablesRegion !== undefined) {
    return [secret(tablesRegion), attach(arn, "s3_tables", "s3tables", tablesRegion)];
  }
  const account = /^glue:(\d{12})$/.exec(catalog)?.[1];
  const region = process.env["AWS_REGION"];
  if (account !== undefined) return [secret(region), attach(account, "glue", "glue", region ?? "")];
  throw new Failure("Misconfigured", `The lake's catalogue is "${catalog}", which is no catalogue of AWS.`, {
    code: "unknown_lake_catalog",
    what: "reach the lake",
    hint: "Valid are s3tables:<table bucket arn> and glue:<account id>.",
  });
}

/** DuckDB's S3 client does not read AWS's variables for endpoints: they are passed on. */
function secret(region: string | undefined): string {
  const url = endpointOf("S3");
  const options = [
    "TYPE s3",
    "PROVIDER credential_chain",
    "REFRESH auto",
    ...(region === undefined ? [] : [`REGION ${quoteText(region)}`]),
    ...(url === undefined
      ? []
      : [`ENDPOINT ${quoteText(url.host)}`, "URL_STYLE 'path'", `USE_SSL ${url.protocol === "https:"}`]),
  ];
  return `CREATE OR REPLACE SECRET aws (${options.join(", ")})`;
}

function attach(warehouse: string, type: "s3_tables" | "glue", service: "s3tables" | "glue", region: string): string {
  const url = endpointOf(type === "glue" ? "GLUE" : "S3TABLES");
  const options = [
    "TYPE iceberg",
    // With the multi-table endpoint 4 of 15 acknowledged commits were lost under concurrent writers.
    "DISABLE_MULTI_TABLE_COMMIT true",
    // S3 Tables drops a table only with its files, Glue only without.
    `PURGE_REQUESTED ${type === "s3_tables"}`,
    ...(url === undefined
      ? [`ENDPOINT_TYPE ${type}`]
      : [
          `ENDPOINT ${quoteText(new URL("iceberg", url).href)}`,
          `AUTHORIZATION_TYPE sigv4, SIGV4_SERVICE ${quoteText(service)}, SIGV4_REGION ${quoteText(region)}`,
          // What ENDPOINT_TYPE, which cannot be given together with an endpoint, implies.
          "STAGE_CREATE_TABLES false, REMOVE_FILES_ON_DELETE false",
        ]),
  ];
  return `ATTACH ${quoteText(warehouse)} AS lake (${options.join(", ")})`;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html; undefined = AWS's own address. */
function endpointOf(service: "S3" | "S3TABLES" | "GLUE"): URL | undefined {
  const url = process.env[`AWS_ENDPOINT_URL_${service}`] ?? process.env["AWS_ENDPOINT_URL"];
  return url === undefined || url === "" ? undefined : new URL(url);
}

const Snapshots = z.array(
  z.object({ snapshot_id: z.coerce.string(), timestamp_ms: z.string(), operation: z.string().nullish() }),
);

type Snapshots = z.infer<typeof Snapshots>;

/** What DuckDB says of a name that the catalogue does not have: it takes it for a path, and finds no table there. */
const NO_TABLE = /^Catalog Error: .*(does not exist|not found)|No version was provided and no version-hint/;

/** Newest first; undefined = no such table. */
async function snapshotsOf(session: LakeSession, namespace: string, table: string): Promise<Snapshots | undefined> {
  const path = `lake.${quoteName(namespace)}.${quoteName(table)}`;
  try {
    return Snapshots.parse(
      await session.rows(`SELECT * FROM iceberg_snapshots(${path}) ORDER BY sequence_number DESC`),
    );
  } catch (error) {
    if (error instanceof Error && NO_TABLE.test(error.message)) return undefined;
    throw error;
  }
}

function newest(snapshots: Snapshots): LakeSnapshot | undefined {
  const [current] = snapshots;
  if (current === undefined) return undefined;
  return {
    snapshotId: current.snapshot_id,
    committedAt: new Date(`${current.timestamp_ms.replace(" ", "T")}Z`),
    summary: current.operation ? { operation: current.operation } : {},
    history: snapshots.map((snapshot) => snapshot.snapshot_id),
  };
}
