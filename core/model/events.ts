import * as z from "zod";

/** Domain events travel on one bus with this source; the type is the EventBridge detail-type. */
export const EVENT_SOURCE = "millrace";

/** An asset's partition has a new version. Published after the version is durable, never before. */
export const AssetMaterialized = z.object({
  version: z.literal(1),
  /** `mitxonline/openedx/raw_data/tracking_logs` */
  asset: z.string().min(1),
  partition: z.string().min(1),
  /** sha256 of the content without volatile fields. */
  dataVersion: z.string().min(1),
  codeVersion: z.string().min(1),
  /** Lake tables that changed, `raw.<table>`. */
  tables: z.array(z.string()),
  runId: z.string().min(1),
  /** ISO 8601, UTC. */
  materializedAt: z.string().min(1),
  /** The run that somebody asked to make or load the same version again: its readers shall look again, too. */
  repeatedBy: z.string().min(1).optional(),
});
export type AssetMaterialized = z.infer<typeof AssetMaterialized>;

export interface DomainEvent {
  /** Deterministic: publishing the same event twice is the same event. */
  readonly id: string;
  readonly type: "AssetMaterialized";
  readonly detail: AssetMaterialized;
}
