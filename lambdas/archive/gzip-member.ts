import { setTimeout as pause } from "node:timers/promises";
import { createInflateRaw, crc32, type InflateRaw } from "node:zlib";
import { Failure } from "../../core/model/failures.ts";
import type { ByteSource } from "./byte-source.ts";
import { noteInflated } from "./inflated-memory.ts";

/** Big pieces keep the calls between threads few; some of them ahead keep inflating while lines are read. */
const CHUNK_BYTES = 256 * 1024;
const CHUNKS_AHEAD = 4;
/**
 * The stream's own options pass through, which the types of zlib do not say. A stream of bytes would copy all that
 * waits into one piece whenever it is read.
 */
const INFLATE_OPTIONS = { chunkSize: CHUNK_BYTES, readableObjectMode: true, readableHighWaterMark: CHUNKS_AHEAD };

const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const TRAILER_BYTES = 8;

export const gzipTruncated = (): Failure =>
  malformed("gzip_truncated", "it ends before the end of a gzip member", "Land the whole file again.");
const gzipCrc = (detail: string, cause?: unknown): Failure =>
  malformed("gzip_crc", detail, "Land an undamaged copy of the file.", cause);

export function malformed(code: string, reason: string, hint: string, cause?: unknown): Failure {
  const info = { code, what: "verify a compressed file", hint };
  return new Failure("Malformed", `The file is damaged: ${reason}.`, cause === undefined ? info : { ...info, cause });
}

/**
 * The text of one member; the source stands after its magic bytes, and afterwards behind its trailer. Node's own
 * gunzip hides where a member ends and takes bytes after the last one as it pleases, so the frame is read here.
 */
export async function* gzipMember(source: ByteSource): AsyncGenerator<Buffer> {
  await skipHeader(source);
  let crc = 0;
  let length = 0;
  for await (const chunk of inflated(source)) {
    crc = crc32(chunk, crc);
    length += chunk.length;
    yield chunk;
  }
  const trailer = await source.take(TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) throw gzipTruncated();
  if (trailer.readUInt32LE(0) !== crc) throw gzipCrc("the CRC of a gzip member does not fit its text");
  if (trailer.readUInt32LE(4) !== length % 2 ** 32) {
    throw gzipCrc("the length of a gzip member does not fit its text");
  }
}

async function skipHeader(source: ByteSource): Promise<void> {
  const fixed = await source.take(8);
  if (fixed.length < 8) throw gzipTruncated();
  if (fixed[0] !== 8) throw malformed("not_gzip", "its gzip header names no known method", "Land a gzip file.");
  const flags = fixed[1] ?? 0;
  if ((flags & FLAG_EXTRA) !== 0) {
    const size = await source.take(2);
    if (size.length < 2) throw gzipTruncated();
    const extra = size.readUInt16LE(0);
    if ((await source.take(extra)).length < extra) throw gzipTruncated();
  }
  if ((flags & FLAG_NAME) !== 0) await skipText(source);
  if ((flags & FLAG_COMMENT) !== 0) await skipText(source);
  if ((flags & FLAG_HEADER_CRC) !== 0 && (await source.take(2)).length < 2) throw gzipTruncated();
}

async function skipText(source: ByteSource): Promise<void> {
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) throw gzipTruncated();
    const end = chunk.indexOf(0);
    if (end < 0) continue;
    source.unread([chunk.subarray(end + 1)]);
    return;
  }
}

/** Inflates up to the end of the deflate stream and gives the bytes behind it back to the source. */
async function* inflated(source: ByteSource): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw(INFLATE_OPTIONS);
  const fed = new FedChunks();
  const feeding = feed(source, inflate, fed);
  // A failure of the source reaches the reader through the stream; this only keeps it from being unhandled.
  feeding.catch((error: unknown) => inflate.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of inflate) if (Buffer.isBuffer(chunk)) yield noteInflated(chunk);
  } catch (error) {
    throw inflateFailure(error);
  } finally {
    inflate.destroy();
  }
  await feeding;
  source.unread(fed.behind(inflate.bytesWritten));
}

async function feed(source: ByteSource, inflate: InflateRaw, fed: FedChunks): Promise<void> {
  let ended = false;
  // A race with the end would be kept by it for every chunk, as long as the member is read.
  let goOn = (): void => undefined;
  const close = (): void => {
    ended = true;
    goOn();
  };
  for (const event of ["end", "close", "error"]) inflate.on(event, close);
  inflate.on("drain", () => goOn());
  for (;;) {
    const chunk = await source.next();
    if (ended) {
      if (chunk !== undefined) source.unread([chunk]);
      return;
    }
    if (chunk === undefined) {
      // The error of a cut file would throw away the text that waits to be read.
      const isBehind = () => !ended && (inflate.writableLength > 0 || inflate.readableLength > 0);
      while (isBehind()) await pause(1);
      inflate.end();
      return;
    }
    fed.add(chunk, inflate.bytesWritten);
    if (!inflate.write(chunk) && !ended) await new Promise<void>((resolve) => (goOn = resolve));
  }
}

/** What was written to the inflater and may not have been read by it: a few chunks, not the file. */
class FedChunks {
  private chunks: Buffer[] = [];
  /** Bytes before the first chunk. */
  private before = 0;

  add(chunk: Buffer, consumed: number): void {
    this.drop(consumed);
    this.chunks.push(chunk);
  }

  behind(consumed: number): Buffer[] {
    this.drop(consumed);
    return this.chunks.map((chunk, index) => (index === 0 ? chunk.subarray(consumed - this.before) : chunk));
  }

  private drop(consumed: number): void {
    while (this.chunks[0] !== undefined && this.before + this.chunks[0].length <= consumed) {
      this.before += this.chunks[0].length;
      this.chunks.shift();
    }
  }
}

function inflateFailure(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") return gzipTruncated();
  if (code === "Z_DATA_ERROR") return gzipCrc("the compressed data of a gzip member is broken", error);
  return error;
}
