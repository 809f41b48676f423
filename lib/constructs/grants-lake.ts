import { lakePrefix, QUERY_RESULTS } from "../lake-layout.ts";
import type { Grant } from "./grant.ts";

/** What reading and writing namespaces of the lake needs, in either catalogue. */
export function lakeGrants(reads: readonly string[], writes: readonly string[]): readonly Grant[] {
  const all = [...new Set([...reads, ...writes])];
  if (all.length === 0) return [];
  return [...inTableBucket(all, writes), ...inGlue(all, writes)];
}

/** ARNs of tables hold a generated id, so a namespace is granted by condition. */
function inTableBucket(all: readonly string[], writes: readonly string[]): readonly Grant[] {
  const only = { lake: "s3tables" } as const;
  const within = (namespaces: readonly string[]) => ({ StringEquals: { "s3tables:namespace": namespaces } });
  const reading: readonly Grant[] = [
    { can: "see tables", resource: { kind: "table-bucket" }, only },
    { can: "read tables", resource: { kind: "tables" }, conditions: within(all), only },
  ];
  if (writes.length === 0) return reading;
  return [
    ...reading,
    // A table that is not there yet has no ARN, so AWS authorises this on the bucket.
    { can: "create tables", resource: { kind: "table-bucket" }, conditions: within(writes), only },
    { can: "write tables", resource: { kind: "tables" }, conditions: within(writes), only },
  ];
}

function inGlue(all: readonly string[], writes: readonly string[]): readonly Grant[] {
  const only = { lake: "glue" } as const;
  return [
    { can: "read databases", resource: { kind: "databases", namespaces: all, federated: false }, only },
    ...all
      .filter((namespace) => !writes.includes(namespace))
      .map((namespace): Grant => ({ can: "read objects", resource: data(namespace), only })),
    ...(writes.length === 0
      ? []
      : [
          {
            can: "write databases",
            resource: { kind: "databases", namespaces: writes, federated: false },
            only,
          } as const,
        ]),
    ...writes.map((namespace): Grant => ({ can: "write objects", resource: data(namespace), only })),
  ];
}

/**
 * What SQL on Athena needs besides. Athena acts with the caller's own permissions, so the table bucket's namespaces
 * must be granted once more as Glue shows them.
 */
export function athenaGrants(reads: readonly string[], writes: readonly string[]): readonly Grant[] {
  const all = [...new Set([...reads, ...writes])];
  const only = { dbt: "athena" } as const;
  const federated = { ...only, lake: "s3tables" } as const;
  const own = { ...only, lake: "glue" } as const;
  return [
    { can: "run queries", resource: { kind: "workgroup" }, only },
    { can: "keep query results", resource: { kind: "objects", ...QUERY_RESULTS }, only },
    { can: "find query results", resource: { kind: "bucket", bucket: QUERY_RESULTS.bucket }, only },
    { can: "read databases", resource: { kind: "databases", namespaces: all, federated: true }, only: federated },
    { can: "write databases", resource: { kind: "databases", namespaces: writes, federated: true }, only: federated },
    // dbt's Athena adapter itself removes the files of a table that it replaces.
    {
      can: "list objects",
      resource: { kind: "bucket", bucket: "lake" },
      conditions: { StringLike: { "s3:prefix": all.map((namespace) => `${lakePrefix(namespace)}*`) } },
      only: own,
    },
    ...writes.map((namespace): Grant => ({ can: "delete objects", resource: data(namespace), only: own })),
  ];
}

const data = (namespace: string) => ({ kind: "objects", bucket: "lake", prefix: lakePrefix(namespace) }) as const;
