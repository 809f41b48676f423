import * as z from "zod";
import { parseJson } from "../../core/model/exact-json.ts";
import { Failure } from "../../core/model/failures.ts";

/** What the catalogue of one machine tells of a table, as far as writing it anew needs it. */
export interface LakeTable {
  readonly namespace: string;
  readonly table: string;
  readonly snapshotId: string;
  /** Rows in its files, and how many of them are deleted. */
  readonly rows: number;
  readonly deleted: number;
  readonly files: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly partitionBy: readonly string[];
}

const Id = z.union([z.number(), z.bigint()]).transform(String);
const Names = z.object({ namespaces: z.array(z.array(z.string())) });
const Tables = z.object({ identifiers: z.array(z.object({ name: z.string() })) });
const Metadata = z.object({
  metadata: z.object({
    "current-snapshot-id": Id.nullish(),
    "current-schema-id": z.number(),
    "default-spec-id": z.number(),
    properties: z.record(z.string(), z.string()).default({}),
    schemas: z.array(
      z.object({ "schema-id": z.number(), fields: z.array(z.object({ id: z.number(), name: z.string() })) }),
    ),
    "partition-specs": z.array(
      z.object({
        "spec-id": z.number(),
        fields: z.array(z.object({ "source-id": z.number(), transform: z.string() })),
      }),
    ),
    snapshots: z.array(z.object({ "snapshot-id": Id, summary: z.record(z.string(), z.string()).default({}) })),
  }),
});

/** Throws Transient `lake_unreachable`. */
async function ask<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw unreachable(`The catalogue answers ${response.status} at ${new URL(url).pathname}.`);
  return schema.parse(parseJson(await response.text()));
}

export const unreachable = (message: string): Failure =>
  new Failure("Transient", message, { code: "lake_unreachable", what: "ask the catalogue of the lake" });

/** Names of all tables, in order. */
export async function tableNames(
  catalogUri: string,
): Promise<readonly { readonly namespace: string; readonly table: string }[]> {
  const { namespaces } = await ask(`${catalogUri}/v1/namespaces`, Names);
  const all = namespaces.map(async ([namespace = ""]) => {
    const { identifiers } = await ask(`${catalogUri}/v1/namespaces/${encodeURIComponent(namespace)}/tables`, Tables);
    return identifiers.map(({ name: table }) => ({ namespace, table }));
  });
  return (await Promise.all(all)).flat();
}

/** Undefined = it has no rows yet, or is partitioned in a way that the product has no use for. */
export async function readTable(
  catalogUri: string,
  { namespace, table }: { readonly namespace: string; readonly table: string },
): Promise<LakeTable | undefined> {
  const place = `${encodeURIComponent(namespace)}/tables/${encodeURIComponent(table)}`;
  const { metadata } = await ask(`${catalogUri}/v1/namespaces/${place}`, Metadata);
  const snapshot = metadata.snapshots.find((one) => one["snapshot-id"] === metadata["current-snapshot-id"]);
  if (snapshot === undefined) return undefined;
  const columns = metadata.schemas.find((one) => one["schema-id"] === metadata["current-schema-id"])?.fields ?? [];
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"])?.fields ?? [];
  const partitionBy = spec.flatMap(({ transform, "source-id": source }) =>
    transform === "identity" ? columns.filter(({ id }) => id === source).map(({ name }) => name) : [],
  );
  if (partitionBy.length !== spec.length) return undefined;
  const count = (name: string): number => Number(snapshot.summary[name] ?? 0);
  return {
    ...{ namespace, table, snapshotId: snapshot["snapshot-id"], properties: metadata.properties, partitionBy },
    ...{ rows: count("total-records"), deleted: count("total-position-deletes"), files: count("total-data-files") },
  };
}
