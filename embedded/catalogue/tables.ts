import * as z from "zod";
import { applyUpdates } from "./apply-updates.ts";
import { formatJson, parseJson } from "../../core/model/exact-json.ts";
import { checkRequirements, Requirement } from "./requirements.ts";
import { badRequest, RestError } from "./rest-error.ts";
import type { CatalogueStore, TableRow } from "./store.ts";
import { Properties, Schema, SentPartitionSpec, SortOrder, TableMetadata } from "./table-metadata.ts";
import { Update } from "./updates.ts";
import type { Warehouse } from "./warehouse.ts";

export interface TableName {
  readonly namespace: string;
  readonly name: string;
}

/** A metadata document as text (already exact JSON) and where it is kept; staged tables are kept nowhere. */
export interface LoadedTable {
  readonly metadataLocation?: string;
  readonly metadata: string;
}

export const CreateTable = z.object({
  name: z.string().min(1).max(255),
  location: z.string().optional(),
  schema: Schema,
  "partition-spec": SentPartitionSpec.nullish(),
  "write-order": SortOrder.nullish(),
  "stage-create": z.boolean().nullish(),
  properties: Properties.nullish(),
});

export const CommitTable = z.object({
  identifier: z.unknown().optional(),
  requirements: z.array(Requirement),
  updates: z.array(Update),
});

/** Each commit writes the whole document, so old ones are bounded: Iceberg's own default would be 100. */
const METADATA_LOG_MAX = 20;
/** Readers that loaded a dropped table finish within this time; then its files go. */
const PURGE_AFTER_MS = 10 * 60_000;
/** A lost race re-reads and re-checks; requirements decide. Only another process can cause one. */
const RACE_ATTEMPTS = 10;

export type Tables = ReturnType<typeof createTables>;

export function createTables(store: CatalogueStore, warehouse: Warehouse, now: () => number) {
  const queues = new Map<string, Promise<unknown>>();

  /** One commit per table at a time in this process: a race that can be queued need not be lost. */
  async function queued<T>(table: TableName, work: () => Promise<T>): Promise<T> {
    const key = `${table.namespace}\u0000${table.name}`;
    const turn = (queues.get(key) ?? Promise.resolve()).then(work, work);
    queues.set(key, turn);
    try {
      return await turn;
    } finally {
      if (queues.get(key) === turn) queues.delete(key);
    }
  }

  const need = (table: TableName): TableRow => {
    const row = store.table(table.namespace, table.name);
    if (row === undefined) {
      throw new RestError("NoSuchTableException", `Table does not exist: ${dotted(table)}`);
    }
    return row;
  };

  async function purge(): Promise<void> {
    for (const location of store.purgeable(now())) {
      await warehouse.remove(location);
      store.purged(location);
    }
  }

  async function commit(
    table: TableName,
    requirements: readonly Requirement[],
    updates: readonly Update[],
  ): Promise<LoadedTable> {
    for (let attempt = 0; attempt < RACE_ATTEMPTS; attempt += 1) {
      const row = store.table(table.namespace, table.name);
      if (row === undefined && !requirements.some((requirement) => requirement.type === "assert-create")) need(table);
      const base = row === undefined ? undefined : TableMetadata.parse(parseJson(row.metadata));
      checkRequirements(base, requirements);
      if (row !== undefined && updates.length === 0) return row;

      const next = applyUpdates(base, updates, now());
      const location = warehouse.inside(next.location);
      const snapshots = updates.filter((update) => update.action === "add-snapshot");
      for (const { snapshot } of snapshots) await warehouse.needFile(snapshot["manifest-list"]);
      if (snapshots.length > 0) await warehouse.settle(location);
      const dropped = row === undefined ? [] : logPrevious(next, row.metadataLocation, base);
      await warehouse.prepare(location);
      const metadata = formatJson(next);
      const metadataLocation = await warehouse.writeMetadata(location, row?.version ?? 0, metadata);
      const won =
        row === undefined
          ? store.insert({ ...table, uuid: next["table-uuid"], location, metadataLocation, metadata })
          : store.swap(row.uuid, row.version, metadataLocation, metadata);
      if (won) {
        await Promise.all(dropped.map((old) => warehouse.remove(old)));
        return { metadataLocation, metadata };
      }
      await warehouse.remove(metadataLocation);
    }
    throw new RestError("CommitFailedException", `${dotted(table)} changes too quickly; load it again and retry.`);
  }

  return {
    load: (table: TableName): LoadedTable => need(table),

    commit: (table: TableName, request: z.infer<typeof CommitTable>): Promise<LoadedTable> =>
      queued(table, () => commit(table, request.requirements, request.updates)),

    async create(namespace: string, request: z.infer<typeof CreateTable>): Promise<LoadedTable> {
      const table = { namespace, name: request.name };
      if (store.table(namespace, request.name) !== undefined) throw exists(table);
      const location = warehouse.inside(request.location ?? warehouse.newLocation(namespace, request.name));
      const { "format-version": version, ...properties } = request.properties ?? {};
      if (version !== undefined && version !== "2") throw badRequest(`Format version ${version} is not served; 2 is.`);
      const updates: Update[] = [
        { action: "set-location", location },
        { action: "add-schema", schema: request.schema },
        { action: "set-current-schema", "schema-id": -1 },
        { action: "add-spec", spec: request["partition-spec"] ?? { "spec-id": 0, fields: [] } },
        { action: "set-default-spec", "spec-id": -1 },
        { action: "add-sort-order", "sort-order": request["write-order"] ?? { "order-id": 0, fields: [] } },
        { action: "set-default-sort-order", "sort-order-id": -1 },
        { action: "set-properties", updates: properties },
      ];
      if (request["stage-create"] === true) {
        await warehouse.prepare(location);
        return { metadata: formatJson(applyUpdates(undefined, updates, now())) };
      }
      return queued(table, () => commit(table, [{ type: "assert-create" }], updates)).catch((error: unknown) => {
        throw error instanceof RestError && error.type === "CommitFailedException" ? exists(table) : error;
      });
    },

    rename(from: TableName, to: TableName): void {
      need(from);
      if (store.namespace(to.namespace) === undefined) throw noNamespace(to.namespace);
      if (store.table(to.namespace, to.name) !== undefined) throw exists(to);
      if (!store.rename(from, to)) need(from);
    },

    /**
     * Has a table that was written anew take the name of the old one, in one step that readers do not see; its files go
     * when those who have loaded it are done. Refused when it has another snapshot by now.
     */
    async replace(from: TableName, to: TableName, snapshotId: string): Promise<void> {
      await queued(to, async () => {
        need(from);
        const row = need(to);
        const current = TableMetadata.parse(parseJson(row.metadata))["current-snapshot-id"];
        if (String(current) !== snapshotId || !store.replace(from, row, now() + PURGE_AFTER_MS)) {
          throw new RestError("CommitFailedException", `${dotted(to)} has changed meanwhile; write it anew once more.`);
        }
      });
      await purge();
    },

    async drop(table: TableName, options: { purge: boolean }): Promise<void> {
      await queued(table, async () => {
        if (!store.drop(table.namespace, table.name, options.purge ? now() + PURGE_AFTER_MS : undefined)) need(table);
      });
      await purge();
    },

    purge,
  };
}

/** Appends the metadata file that is being replaced and returns the files that fell out of the log. */
function logPrevious(next: TableMetadata, file: string, base: TableMetadata | undefined): string[] {
  const log = [
    ...next["metadata-log"],
    { "metadata-file": file, "timestamp-ms": base?.["last-updated-ms"] ?? next["last-updated-ms"] },
  ];
  next["metadata-log"] = log.slice(-METADATA_LOG_MAX);
  return log.slice(0, -METADATA_LOG_MAX).map((entry) => entry["metadata-file"]);
}

export const noNamespace = (namespace: string): RestError =>
  new RestError("NoSuchNamespaceException", `Namespace does not exist: ${namespace.replaceAll("\u001f", ".")}`);

const exists = (table: TableName): RestError =>
  new RestError("AlreadyExistsException", `Table already exists: ${dotted(table)}`);

const dotted = (table: TableName): string => `${table.namespace.replaceAll("\u001f", ".")}.${table.name}`;
