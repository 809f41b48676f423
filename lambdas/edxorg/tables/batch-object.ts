import * as z from "zod";
import { objectMissing } from "../../../core/io/object-failures.ts";
import type { Objects } from "../../../core/io/ports.ts";

export const BatchObject = z.object({
  key: z.string(),
  versionId: z.string(),
  sizeBytes: z.number(),
  courseId: z.string(),
  member: z.string(),
  /** 2 = quoted as RFC 4180 says; 1 = without quotes, as objects from before are. */
  dialect: z.union([z.literal(1), z.literal(2)]),
  /** As the manifest counts them; null = nobody has. */
  rows: z.number().nullable(),
  shortRows: z.number(),
  /** What the course holds now; another object was delivered before and is loaded late. */
  newest: z.boolean(),
});
export type BatchObject = z.infer<typeof BatchObject>;

/** As a manifest tells of an object. */
export type DeliveredObject = Omit<BatchObject, "versionId" | "sizeBytes" | "dialect" | "newest"> & {
  readonly quoted: boolean;
};

/** As it lies in its bucket now. */
export async function located(
  objects: Pick<Objects, "head">,
  bucket: string,
  { quoted, ...object }: DeliveredObject,
  newest: boolean,
): Promise<BatchObject> {
  const ref = { bucket, key: object.key };
  const head = await objects.head(ref);
  if (head === undefined) throw objectMissing(ref);
  const dialect = quoted || head.metadata["dialect"] === "2" ? 2 : 1;
  return { ...object, versionId: head.versionId, sizeBytes: head.sizeBytes, dialect, newest };
}
