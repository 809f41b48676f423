import * as z from "zod";

/**
 * The Iceberg table metadata document, format version 2, with the key names of the specification.
 * Strict: a member that this catalogue does not know is refused, never dropped and never passed on unread.
 */

const Int = z.number().int();
/** 64-bit ids come as number or bigint (see exact-json.ts) and are bigint from here on. */
export const Id = z.union([z.number().int(), z.bigint()]).transform((id) => BigInt(id));

const PRIMITIVE =
  /^(boolean|int|long|float|double|date|time|timestamp|timestamptz|string|uuid|binary|decimal\(\s*\d{1,2}\s*,\s*\d{1,2}\s*\)|fixed\[\s*\d+\s*\])$/;

export type IcebergType = string | IcebergStruct | IcebergList | IcebergMap;
export interface IcebergField {
  id: number;
  name: string;
  required: boolean;
  type: IcebergType;
  doc?: string | undefined;
  "initial-default"?: unknown;
  "write-default"?: unknown;
}
export interface IcebergStruct {
  type: "struct";
  fields: IcebergField[];
}
export interface IcebergList {
  type: "list";
  "element-id": number;
  "element-required": boolean;
  element: IcebergType;
}
export interface IcebergMap {
  type: "map";
  "key-id": number;
  key: IcebergType;
  "value-id": number;
  "value-required": boolean;
  value: IcebergType;
}

const Type: z.ZodType<IcebergType> = z.lazy(() =>
  z.union([
    z.string().regex(PRIMITIVE, "is no type of format version 2"),
    z.strictObject({ type: z.literal("struct"), fields: z.array(Field) }),
    z.strictObject({ type: z.literal("list"), "element-id": Int, "element-required": z.boolean(), element: Type }),
    z.strictObject({
      type: z.literal("map"),
      "key-id": Int,
      key: Type,
      "value-id": Int,
      "value-required": z.boolean(),
      value: Type,
    }),
  ]),
);

const Field: z.ZodType<IcebergField> = z.strictObject({
  id: Int.positive(),
  name: z.string().min(1),
  required: z.boolean(),
  type: Type,
  doc: z.string().optional(),
  "initial-default": z.unknown().optional(),
  "write-default": z.unknown().optional(),
});

export const Schema = z.strictObject({
  type: z.literal("struct").default("struct"),
  "schema-id": Int.default(0),
  "identifier-field-ids": z.array(Int).optional(),
  fields: z.array(Field).min(1),
});
export type Schema = z.infer<typeof Schema>;

const TRANSFORM = /^(identity|year|month|day|hour|void|bucket\[\d+\]|truncate\[\d+\])$/;

export const PartitionField = z.strictObject({
  name: z.string().min(1),
  transform: z.string().regex(TRANSFORM, "is no known transform"),
  "source-id": Int,
  "field-id": Int.optional(),
});
export const PartitionSpec = z.strictObject({ "spec-id": Int.default(0), fields: z.array(PartitionField) });
export type PartitionSpec = z.infer<typeof PartitionSpec>;
/** As clients send it: DuckDB adds a `type` that the specification does not have. */
export const SentPartitionSpec = PartitionSpec.extend({ type: z.literal("struct").optional() }).transform(
  ({ type: _type, ...spec }): PartitionSpec => spec,
);

export const SortOrder = z.strictObject({
  "order-id": Int.default(0),
  fields: z.array(
    z.strictObject({
      transform: z.string().regex(TRANSFORM, "is no known transform"),
      "source-id": Int,
      direction: z.enum(["asc", "desc"]),
      "null-order": z.enum(["nulls-first", "nulls-last"]),
    }),
  ),
});
export type SortOrder = z.infer<typeof SortOrder>;

export const Snapshot = z.strictObject({
  "snapshot-id": Id,
  "parent-snapshot-id": Id.nullish(),
  "sequence-number": Int.nonnegative(),
  "timestamp-ms": Int,
  "manifest-list": z.string().min(1),
  summary: z.record(z.string(), z.string()),
  "schema-id": Int.nullish(),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const SnapshotRef = z.strictObject({
  "snapshot-id": Id,
  type: z.enum(["branch", "tag"]),
  "max-ref-age-ms": Int.nullish(),
  "max-snapshot-age-ms": Int.nullish(),
  "min-snapshots-to-keep": Int.nullish(),
});

export const Properties = z.record(z.string(), z.string());

export const TableMetadata = z.strictObject({
  "format-version": z.literal(2),
  "table-uuid": z.string().min(1),
  location: z.string().min(1),
  "last-sequence-number": Int,
  "last-updated-ms": Int,
  "last-column-id": Int,
  "current-schema-id": Int,
  schemas: z.array(Schema),
  "default-spec-id": Int,
  "partition-specs": z.array(PartitionSpec),
  "last-partition-id": Int,
  "default-sort-order-id": Int,
  "sort-orders": z.array(SortOrder),
  properties: Properties,
  "current-snapshot-id": Id.optional(),
  refs: z.record(z.string(), SnapshotRef),
  snapshots: z.array(Snapshot),
  "snapshot-log": z.array(z.strictObject({ "snapshot-id": Id, "timestamp-ms": Int })),
  "metadata-log": z.array(z.strictObject({ "metadata-file": z.string(), "timestamp-ms": Int })),
});
export type TableMetadata = z.infer<typeof TableMetadata>;

/** Every field id of a schema, nested ones too. */
export function fieldIds(schema: Schema): number[] {
  const ofType = (type: IcebergType): number[] => {
    if (typeof type === "string") return [];
    if (type.type === "struct") return type.fields.flatMap((field) => [field.id, ...ofType(field.type)]);
    if (type.type === "list") return [type["element-id"], ...ofType(type.element)];
    return [type["key-id"], ...ofType(type.key), type["value-id"], ...ofType(type.value)];
  };
  return ofType({ type: "struct", fields: schema.fields });
}
