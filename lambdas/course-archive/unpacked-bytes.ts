import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { ArchiveLimits } from "./limits.ts";
import { malformed } from "../archive/malformed.ts";

const BLOCK = 512;

export type Container = "gzip" | "tar";

/** By content, never by name. Throws Malformed `empty_object`, `not_an_archive` or `expansion_limit`. */
export async function containerOf(file: string, limits: ArchiveLimits): Promise<Container> {
  const { size } = await stat(file);
  if (size === 0) throw malformed("empty_object", "The archive has no bytes.");
  if (size > limits.compressedBytes) {
    throw malformed("expansion_limit", `The archive has ${size} bytes; at most ${limits.compressedBytes} are read.`);
  }
  const handle = await open(file);
  try {
    const head = Buffer.alloc(BLOCK);
    const { bytesRead } = await handle.read(head, 0, BLOCK, 0);
    if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
    if (bytesRead < BLOCK || head.toString("latin1", 257, 262) !== "ustar") {
      throw malformed("not_an_archive", "The bytes are neither gzip nor tar.");
    }
    // A cut after a whole member shows only by the missing end mark; a gzip shows it by its own end.
    const tail = Buffer.alloc(BLOCK);
    await handle.read(tail, 0, BLOCK, Math.max(0, size - BLOCK));
    if (size % BLOCK !== 0 || tail.some((byte) => byte !== 0)) {
      throw malformed("tar_truncated", "The tar ends without its end mark: the file is cut.");
    }
    return "tar";
  } finally {
    await handle.close();
  }
}

/**
 * Gives the tar's bytes to `sink`, verified: a gzip must be whole, its checksum right and nothing may follow it.
 * Bounded by the limits however small the file is. Gives the sha256 of the file's own bytes.
 */
export async function unpackTo(
  file: string,
  container: Container,
  limits: ArchiveLimits,
  sink: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<{ sha256: string; sizeBytes: number; unpackedBytes: number }> {
  const { size } = await stat(file);
  const hash = createHash("sha256");
  let unpacked = 0;
  let packed = 0;
  const measure = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      packed += chunk.byteLength;
      hash.update(chunk);
      yield chunk;
    }
  };
  const guard = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      unpacked += chunk.byteLength;
      const tooMuch = unpacked > limits.unpackedBytes;
      if (tooMuch || (unpacked > limits.ratioFromBytes && unpacked > limits.ratio * size)) {
        const bound = tooMuch ? `${limits.unpackedBytes} bytes` : `${limits.ratio} times its size`;
        throw malformed("expansion_limit", `The archive of ${size} bytes unpacks to more than ${bound}.`);
      }
      yield chunk;
    }
  };
  const source = createReadStream(file);
  if (container === "tar") {
    await pipeline(source, measure, guard, sink);
  } else {
    const gunzip = createGunzip();
    try {
      await pipeline(source, measure, gunzip, guard, sink);
    } catch (error) {
      throw gzipFault(error);
    }
    await refuseTrailing(file, gunzip.bytesWritten);
  }
  return { sha256: hash.digest("hex"), sizeBytes: packed, unpackedBytes: unpacked };
}

function gzipFault(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") return malformed("gzip_truncated", "The gzip ends before its end: the file is cut.");
  if (code !== "Z_DATA_ERROR") return error;
  // The first header was seen to be a gzip's: this is what follows the last one.
  if (error instanceof Error && error.message === "incorrect header check") return trailing();
  return malformed("gzip_corrupt", "The gzip is damaged: its data or its checksum is wrong.");
}

const trailing = () => malformed("trailing_bytes", "Bytes that are no gzip follow the end of the archive.");

/** zlib stops quietly at the first zero byte after a member: padding is allowed, anything hidden behind it is not. */
async function refuseTrailing(file: string, read: number): Promise<void> {
  for await (const chunk of createReadStream(file, { start: read })) {
    if (Buffer.isBuffer(chunk) && chunk.some((byte) => byte !== 0)) throw trailing();
  }
}
