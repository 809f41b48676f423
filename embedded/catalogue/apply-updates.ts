import { randomUUID } from "node:crypto";
import { badRequest } from "./rest-error.ts";
import { fieldIds, type PartitionSpec, type Schema, type Snapshot, type TableMetadata } from "./table-metadata.ts";
import type { Update } from "./updates.ts";

/** Ids that "-1" (the last one added in this commit) stands for. */
interface LastAdded {
  schema?: number;
  spec?: number;
  order?: number;
}

/** The next metadata of a table. Pure; throws 400 BadRequestException for an update that does not fit. */
export function applyUpdates(
  base: TableMetadata | undefined,
  updates: readonly Update[],
  nowMs: number,
): TableMetadata {
  const draft = base === undefined ? emptyTable() : structuredClone(base);
  const added: LastAdded = {};
  for (const update of updates) apply(draft, update, added, base === undefined);
  // Never behind the last change, even when the clock steps back: readers order history by it.
  draft["last-updated-ms"] = Math.max(nowMs, draft["last-updated-ms"] + (base === undefined ? 0 : 1));
  return complete(draft);
}

function emptyTable(): TableMetadata {
  return {
    "format-version": 2,
    "table-uuid": randomUUID(),
    location: "",
    "last-sequence-number": 0,
    "last-updated-ms": 0,
    "last-column-id": 0,
    "current-schema-id": -1,
    schemas: [],
    "default-spec-id": -1,
    "partition-specs": [],
    // Partition field ids start at 1000 in the specification.
    "last-partition-id": 999,
    "default-sort-order-id": -1,
    "sort-orders": [],
    // Iceberg's default since 1.4; DuckDB takes Snappy where the table does not say.
    properties: { "write.parquet.compression-codec": "zstd" },
    refs: {},
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
  };
}

function apply(draft: TableMetadata, update: Update, added: LastAdded, isNew: boolean): void {
  switch (update.action) {
    case "assign-uuid":
      if (!isNew && draft["table-uuid"] !== update.uuid) throw badRequest("The uuid of a table cannot change.");
      draft["table-uuid"] = update.uuid;
      return;
    case "upgrade-format-version":
      if (update["format-version"] !== 2) {
        throw badRequest(`Format version ${update["format-version"]} is not served; only version 2 is.`);
      }
      return;
    case "add-schema":
      added.schema = addSchema(draft, update.schema);
      return;
    case "set-current-schema":
      draft["current-schema-id"] = resolve(update["schema-id"], added.schema, draft.schemas, "schema-id");
      return;
    case "remove-schemas":
      draft.schemas = without(draft.schemas, "schema-id", update["schema-ids"], draft["current-schema-id"]);
      return;
    case "add-spec":
      added.spec = addSpec(draft, update.spec);
      return;
    case "set-default-spec":
      draft["default-spec-id"] = resolve(update["spec-id"], added.spec, draft["partition-specs"], "spec-id");
      return;
    case "remove-partition-specs":
      draft["partition-specs"] = without(
        draft["partition-specs"],
        "spec-id",
        update["spec-ids"],
        draft["default-spec-id"],
      );
      return;
    case "add-sort-order": {
      const { fields } = update["sort-order"];
      const same = draft["sort-orders"].find((order) => JSON.stringify(order.fields) === JSON.stringify(fields));
      // Order 0 is reserved for "unsorted".
      const free = Math.max(0, ...draft["sort-orders"].map((order) => order["order-id"])) + 1;
      added.order = same?.["order-id"] ?? (fields.length === 0 ? 0 : free);
      if (same === undefined) draft["sort-orders"].push({ "order-id": added.order, fields });
      return;
    }
    case "set-default-sort-order":
      draft["default-sort-order-id"] = resolve(update["sort-order-id"], added.order, draft["sort-orders"], "order-id");
      return;
    case "add-snapshot":
      addSnapshot(draft, update.snapshot);
      return;
    case "set-snapshot-ref": {
      const { action: _action, "ref-name": name, ...ref } = update;
      const snapshot = draft.snapshots.find((known) => known["snapshot-id"] === ref["snapshot-id"]);
      if (snapshot === undefined)
        throw badRequest(`Reference ${name} names the unknown snapshot ${ref["snapshot-id"]}.`);
      if (name === "main" && ref.type !== "branch") throw badRequest("Reference main must be a branch.");
      if (name === "main" && draft["current-snapshot-id"] !== ref["snapshot-id"]) {
        draft["current-snapshot-id"] = ref["snapshot-id"];
        draft["snapshot-log"].push({ "snapshot-id": ref["snapshot-id"], "timestamp-ms": snapshot["timestamp-ms"] });
      }
      draft.refs[name] = ref;
      return;
    }
    case "remove-snapshot-ref":
      delete draft.refs[update["ref-name"]];
      if (update["ref-name"] === "main") delete draft["current-snapshot-id"];
      return;
    case "remove-snapshots":
      removeSnapshots(draft, new Set(update["snapshot-ids"]));
      return;
    case "set-location":
      if (!isNew && draft.location !== update.location) throw badRequest("The location of a table cannot change.");
      draft.location = update.location;
      return;
    case "set-properties":
      Object.assign(draft.properties, update.updates);
      return;
    case "remove-properties":
      for (const key of update.removals) delete draft.properties[key];
      return;
  }
}

function addSchema(draft: TableMetadata, schema: Schema): number {
  const ids = fieldIds(schema);
  if (new Set(ids).size !== ids.length) throw badRequest("The schema uses a field id twice.");
  for (const id of schema["identifier-field-ids"] ?? []) {
    if (!ids.includes(id)) throw badRequest(`The schema names the unknown identifier field ${id}.`);
  }
  const body = ({ "schema-id": _id, ...rest }: Schema): string => JSON.stringify(rest);
  const same = draft.schemas.find((known) => body(known) === body(schema));
  const id = same?.["schema-id"] ?? Math.max(-1, ...draft.schemas.map((known) => known["schema-id"])) + 1;
  if (same === undefined) draft.schemas.push({ ...schema, "schema-id": id });
  draft["last-column-id"] = Math.max(draft["last-column-id"], ...ids);
  return id;
}

function addSpec(draft: TableMetadata, spec: PartitionSpec): number {
  const known = new Set(draft.schemas.flatMap(fieldIds));
  const identity = (fields: PartitionSpec["fields"]): string =>
    JSON.stringify(fields.map((field) => [field["source-id"], field.transform, field.name]));
  const same = draft["partition-specs"].find((other) => identity(other.fields) === identity(spec.fields));
  if (same !== undefined) return same["spec-id"];
  const fields = spec.fields.map((field) => {
    if (!known.has(field["source-id"]))
      throw badRequest(`Partition field ${field.name} names the unknown column ${field["source-id"]}.`);
    const id = field["field-id"] ?? draft["last-partition-id"] + 1;
    draft["last-partition-id"] = Math.max(draft["last-partition-id"], id);
    return { ...field, "field-id": id };
  });
  const id = Math.max(-1, ...draft["partition-specs"].map((other) => other["spec-id"])) + 1;
  draft["partition-specs"].push({ "spec-id": id, fields });
  return id;
}

function addSnapshot(draft: TableMetadata, snapshot: Snapshot): void {
  if (draft.snapshots.some((known) => known["snapshot-id"] === snapshot["snapshot-id"])) {
    throw badRequest(`Snapshot ${snapshot["snapshot-id"]} exists already.`);
  }
  const parent = snapshot["parent-snapshot-id"] ?? undefined;
  if (parent !== undefined && !draft.snapshots.some((known) => known["snapshot-id"] === parent)) {
    throw badRequest(`Snapshot ${snapshot["snapshot-id"]} names the unknown parent ${parent}.`);
  }
  if (snapshot["sequence-number"] <= draft["last-sequence-number"]) {
    throw badRequest(`Sequence number ${snapshot["sequence-number"]} is not above ${draft["last-sequence-number"]}.`);
  }
  draft.snapshots.push(snapshot);
  draft["last-sequence-number"] = Math.max(draft["last-sequence-number"], snapshot["sequence-number"]);
  draft["last-updated-ms"] = Math.max(draft["last-updated-ms"], snapshot["timestamp-ms"]);
}

function removeSnapshots(draft: TableMetadata, gone: ReadonlySet<bigint>): void {
  const held = Object.entries(draft.refs).find(([, ref]) => gone.has(ref["snapshot-id"]));
  if (held !== undefined) throw badRequest(`Snapshot ${held[1]["snapshot-id"]} is held by the reference ${held[0]}.`);
  draft.snapshots = draft.snapshots.filter((snapshot) => !gone.has(snapshot["snapshot-id"]));
  // The log must stay without gaps, so it starts after the last removed entry.
  const last = draft["snapshot-log"].findLastIndex((entry) => gone.has(entry["snapshot-id"]));
  draft["snapshot-log"] = draft["snapshot-log"].slice(last + 1);
}

function resolve<K extends string>(
  id: number,
  last: number | undefined,
  list: readonly { readonly [key in K]: number }[],
  key: K,
): number {
  const wanted = id === -1 ? last : id;
  if (wanted === undefined || !list.some((entry) => entry[key] === wanted)) throw badRequest(`Unknown ${key} ${id}.`);
  return wanted;
}

function without<K extends string, T extends { readonly [key in K]: number }>(
  list: readonly T[],
  key: K,
  ids: readonly number[],
  current: number,
): T[] {
  if (ids.includes(current)) throw badRequest(`The current ${key} ${current} cannot be removed.`);
  return list.filter((entry) => !ids.includes(entry[key]));
}

function complete(draft: TableMetadata): TableMetadata {
  if (draft["sort-orders"].length === 0) draft["sort-orders"].push({ "order-id": 0, fields: [] });
  if (draft["default-sort-order-id"] === -1) draft["default-sort-order-id"] = 0;
  if (draft["partition-specs"].length === 0) draft["partition-specs"].push({ "spec-id": 0, fields: [] });
  if (draft["default-spec-id"] === -1) draft["default-spec-id"] = 0;
  if (draft.schemas.length === 0 || draft["current-schema-id"] === -1)
    throw badRequest("A table needs a current schema.");
  if (draft.location === "") throw badRequest("A table needs a location.");
  const currentIds = new Set(
    draft.schemas.filter((s) => s["schema-id"] === draft["current-schema-id"]).flatMap(fieldIds),
  );
  const spec = draft["partition-specs"].find((known) => known["spec-id"] === draft["default-spec-id"]);
  const lost = spec?.fields.find((field) => field.transform !== "void" && !currentIds.has(field["source-id"]));
  if (lost !== undefined)
    throw badRequest(`Partition field ${lost.name} needs column ${lost["source-id"]}, which the schema lacks.`);
  return draft;
}
