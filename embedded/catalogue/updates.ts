import * as z from "zod";
import { Id, Properties, Schema, SentPartitionSpec, Snapshot, SnapshotRef, SortOrder } from "./table-metadata.ts";

const Int = z.number().int();

/** The changes that a commit may carry. Views, statistics files, encryption keys and format version 3 are not served. */
export const Update = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("assign-uuid"), uuid: z.string().min(1) }),
  z.strictObject({ action: z.literal("upgrade-format-version"), "format-version": Int }),
  z.strictObject({ action: z.literal("add-schema"), schema: Schema, "last-column-id": Int.optional() }),
  z.strictObject({ action: z.literal("set-current-schema"), "schema-id": Int }),
  z.strictObject({ action: z.literal("remove-schemas"), "schema-ids": z.array(Int) }),
  z.strictObject({ action: z.literal("add-spec"), spec: SentPartitionSpec }),
  z.strictObject({ action: z.literal("set-default-spec"), "spec-id": Int }),
  z.strictObject({ action: z.literal("remove-partition-specs"), "spec-ids": z.array(Int) }),
  z.strictObject({ action: z.literal("add-sort-order"), "sort-order": SortOrder }),
  z.strictObject({ action: z.literal("set-default-sort-order"), "sort-order-id": Int }),
  z.strictObject({ action: z.literal("add-snapshot"), snapshot: Snapshot }),
  z.strictObject({ action: z.literal("set-snapshot-ref"), "ref-name": z.string().min(1), ...SnapshotRef.shape }),
  z.strictObject({ action: z.literal("remove-snapshots"), "snapshot-ids": z.array(Id) }),
  z.strictObject({ action: z.literal("remove-snapshot-ref"), "ref-name": z.string() }),
  z.strictObject({ action: z.literal("set-location"), location: z.string().min(1) }),
  z.strictObject({ action: z.literal("set-properties"), updates: Properties }),
  z.strictObject({ action: z.literal("remove-properties"), removals: z.array(z.string()) }),
]);
export type Update = z.infer<typeof Update>;
