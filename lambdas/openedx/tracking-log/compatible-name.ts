import { basename } from "node:path";
import type { Io } from "../../../core/io/ports.ts";
import type { TrackingLogSource } from "../sources/tracking-logs.ts";

/** Undefined = the source has none. */
export function compatibleKey(
  { asset, alsoAs }: Pick<TrackingLogSource, "asset" | "alsoAs">,
  logDate: string,
  landedKey: string,
): string | undefined {
  const name = basename(landedKey);
  if (alsoAs === "valid") return `${asset}/valid/${logDate}/${name}`;
  return alsoAs === "normalized" ? `${asset}/normalized_${name}` : undefined;
}

/** A pointer: it changes with what it names. */
export async function putCompatible(
  { objects }: Pick<Io, "objects">,
  bucket: string,
  from: string,
  to: string,
): Promise<void> {
  const [made, there] = await Promise.all([objects.head({ bucket, key: from }), objects.head({ bucket, key: to })]);
  if (made === undefined || made.etag === there?.etag) return;
  await objects.copy(made, bucket, to, { contentType: "application/gzip" });
}
