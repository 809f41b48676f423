import type { ByteSource } from "./byte-source.ts";
import { gzipMember, malformed } from "./gzip-member.ts";

export const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** What the file consists of beside its text; complete when the last of it was taken. */
export interface GzipParts {
  members: number;
  /** Zero bytes behind the last member. */
  paddingBytes: number;
}

/**
 * The text of a gzip file, verified to its end; the source stands behind the first magic bytes. Throws Malformed
 * `gzip_truncated`, `gzip_crc`, `not_gzip`, `trailing_bytes`: after some text may have been yielded.
 */
export async function* gunzip(source: ByteSource, parts: GzipParts): AsyncGenerator<Buffer> {
  for (;;) {
    yield* gzipMember(source);
    parts.members += 1;
    const next = await source.take(GZIP_MAGIC.length);
    if (next.length === 0) return;
    if (next.equals(GZIP_MAGIC)) continue;
    source.unread([next]);
    parts.paddingBytes = await padding(source);
    return;
  }
}

async function padding(source: ByteSource): Promise<number> {
  let bytes = 0;
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    if (chunk.some((byte) => byte !== 0)) {
      throw malformed(
        "trailing_bytes",
        "bytes that are not zero follow the last gzip member",
        "Land an undamaged copy.",
      );
    }
    bytes += chunk.length;
  }
  return bytes;
}
