import { Readable } from "node:stream";
import * as z from "zod";
import type { Objects } from "./ports.ts";

/** A key has at most 512 bytes, of which JSON may make six each. */
const LINE_MAX_BYTES = 4_096;

export const manifestKey = (id: string): string => `backfills/${id}/manifest.jsonl`;

/** Writes one key per line, as they come; gives their number. */
export async function writeManifest(
  objects: Objects,
  bucket: string,
  id: string,
  keys: AsyncIterable<string>,
): Promise<number> {
  let lines = 0;
  const text = async function* (): AsyncGenerator<string> {
    for await (const key of keys) {
      lines += 1;
      yield `${JSON.stringify(key)}\n`;
    }
  };
  await objects.put(bucket, manifestKey(id), Readable.from(text()), { contentType: "application/x-ndjson" });
  return lines;
}

/** At most `limit` keys from byte `offset` on, and the bytes that each of them has there. */
export async function readManifest(
  objects: Objects,
  bucket: string,
  id: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ readonly key: string; readonly bytes: number }[]> {
  const range = { start: offset, end: offset + limit * LINE_MAX_BYTES - 1 };
  const chunks: Buffer[] = [];
  for await (const chunk of await objects.get({ bucket, key: manifestKey(id) }, range)) {
    chunks.push(Buffer.from(chunk));
  }
  const bytes = Buffer.concat(chunks);
  const lines: { key: string; bytes: number }[] = [];
  for (let from = 0; lines.length < limit;) {
    const end = bytes.indexOf("\n", from);
    if (end === -1) break;
    lines.push({ key: z.string().parse(JSON.parse(bytes.toString("utf8", from, end))), bytes: end + 1 - from });
    from = end + 1;
  }
  return lines;
}
