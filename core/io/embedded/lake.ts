import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../../model/exact-json.ts";
import { Failure } from "../../model/failures.ts";
import type { LakeSnapshot, LakeTarget } from "../ports.ts";
import type { Settings } from "../settings.ts";

/** Where the embedded home keeps the tables' files, below the state folder. */
export const WAREHOUSE_FOLDER = "warehouse";

const REQUEST_TIMEOUT_MS = 30_000;

const Id = z.union([z.number().int(), z.bigint()]).transform(String);
const LoadedTable = z.object({
  metadata: z.object({
    "current-snapshot-id": Id.nullish(),
    snapshots: z.array(
      z.object({
        "snapshot-id": Id,
        "parent-snapshot-id": Id.nullish(),
        "timestamp-ms": z.number(),
        summary: z.record(z.string(), z.string()).default({}),
      }),
    ),
  }),
});

/** The lake of one machine: the engine's Iceberg REST catalogue on loopback, without authorisation. */
export function embeddedLake(settings: Settings): LakeTarget {
  const home = settings.embedded;
  if (home === undefined) {
    throw new Failure("Misconfigured", "The embedded lake needs the embedded home's settings.", {
      code: "setting_missing",
      what: "reach the lake",
    });
  }
  return embeddedLakeAt({ catalogUrl: home.catalogUrl, warehouseDir: join(home.stateDir, WAREHOUSE_FOLDER) });
}

export function embeddedLakeAt(home: { readonly catalogUrl: string; readonly warehouseDir: string }): LakeTarget {
  const uri = home.catalogUrl.replace(/\/+$/, "");
  const options = [
    "TYPE iceberg",
    `ENDPOINT '${uri.replaceAll("'", "''")}'`,
    "AUTHORIZATION_TYPE 'none'",
    "ACCESS_DELEGATION_MODE 'none'",
    // With the multi-table endpoint 4 of 15 acknowledged commits were lost under concurrent writers.
    "DISABLE_MULTI_TABLE_COMMIT true",
    "PURGE_REQUESTED true",
  ];
  return {
    attachSql: [`ATTACH 'lake' AS lake (${options.join(", ")})`],
    extensions: ["httpfs", "avro", "iceberg"],
    dataRoots: [home.warehouseDir],
    currentSnapshot: (namespace, table) => currentSnapshot(uri, namespace, table),
  };
}

async function currentSnapshot(uri: string, namespace: string, table: string): Promise<LakeSnapshot | undefined> {
  const url = `${uri}/v1/namespaces/${encodeURIComponent(namespace)}/tables/${encodeURIComponent(table)}`;
  const { status, text } = await get(url);
  if (status === 404) return undefined;
  const parsed = status === 200 ? LoadedTable.safeParse(parseJson(text)) : undefined;
  if (parsed?.success !== true) {
    throw new Failure("Transient", `The catalogue answered ${status} for the table ${namespace}.${table}.`, {
      code: "lake_unreachable",
      what: `read the current snapshot of ${namespace}.${table}`,
      cause: parsed?.error ?? text.slice(0, 500),
    });
  }
  const { "current-snapshot-id": currentId, snapshots } = parsed.data.metadata;
  const byId = new Map(snapshots.map((snapshot) => [snapshot["snapshot-id"], snapshot]));
  const current = currentId === undefined || currentId === null ? undefined : byId.get(currentId);
  if (current === undefined) return undefined;
  const history: string[] = [];
  for (let at: typeof current | undefined = current; at !== undefined; at = byId.get(at["parent-snapshot-id"] ?? "")) {
    history.push(at["snapshot-id"]);
  }
  const parent = current["parent-snapshot-id"] ?? undefined;
  return {
    snapshotId: current["snapshot-id"],
    ...(parent === undefined ? {} : { parentSnapshotId: parent }),
    committedAt: new Date(current["timestamp-ms"]),
    summary: current.summary,
    history,
  };
}

async function get(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new Failure("Transient", "The lake's catalogue does not answer.", {
      code: "lake_unreachable",
      what: `ask ${url}`,
      hint: "On one machine `npx millrace doctor` tells whether the engine is up.",
      cause: error,
    });
  }
}
