import { createHash } from "node:crypto";
import type { Objects, UploadedPart } from "../../../core/io/ports.ts";
import type { ForumCollection } from "./dump.ts";

export interface WrittenFile {
  /** Below the folder of the day: `forum/contents.bson`. */
  readonly name: string;
  readonly key: string;
  /** Documents; of metadata none. */
  readonly documents?: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A BSON document is 16 MB at most: a part holds at least what a store asks for, and at most two of these. */
const PART_BYTES = 16 * 1_024 * 1_024;

/** One collection as mongodump leaves it: the documents one after the other, and beside them what the collection is. */
export async function writeCollection(
  objects: Objects,
  { name, metadata, documents }: ForumCollection,
  { bucket, keyOf }: { readonly bucket: string; readonly keyOf: (name: string) => string },
  check: () => Promise<void>,
): Promise<readonly WrittenFile[]> {
  const file = `forum/${encodeURIComponent(name)}`;
  const binary = { contentType: "application/octet-stream" };
  const upload = await objects.beginUpload(bucket, keyOf(`${file}.bson`), binary);
  const hash = createHash("sha256");
  const parts: UploadedPart[] = [];
  let buffer = Buffer.allocUnsafe(2 * PART_BYTES);
  let [length, bytes, count] = [0, 0, 0];
  const put = async (): Promise<void> => {
    await check();
    const part = buffer.subarray(0, length);
    hash.update(part);
    parts.push(await objects.putPart(upload, parts.length + 1, part));
    [bytes, length] = [bytes + length, 0];
  };
  for await (const document of documents()) {
    if (length + document.length > buffer.length) await put();
    if (document.length > buffer.length) buffer = Buffer.allocUnsafe(document.length);
    buffer.set(document, length);
    length += document.length;
    count += 1;
    if (length >= PART_BYTES) await put();
  }
  if (length > 0 || parts.length === 0) await put();
  await objects.completeUpload(upload, parts);
  const described = Buffer.from(metadata);
  const key = keyOf(`${file}.metadata.json`);
  await objects.put(bucket, key, described, { contentType: "application/json" });
  return [
    { name: `${file}.bson`, key: keyOf(`${file}.bson`), documents: count, bytes, sha256: hash.digest("hex") },
    {
      ...{ name: `${file}.metadata.json`, key, bytes: described.length },
      sha256: createHash("sha256").update(described).digest("hex"),
    },
  ];
}
