import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Large files are read in such pieces: with Node's 64 KB most of the time goes into the calls. */
const READ_BYTES = 1_048_576;
/** Up to this an object waits in memory for its put, some of them at once; most members are that small. */
const MEMORY_BYTES = 16 * 1_048_576;

export interface Spooled {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Bytes of one object until its name is known, which is their sha256: in memory while they are few, then in a file.
 * One that has begun must be removed.
 */
export class OutputSpool {
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #pieces: Buffer[] = [];
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** The bytes may be used again when this has resolved. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#file === undefined && this.#bytes + bytes.length <= MEMORY_BYTES) {
      this.#pieces.push(Buffer.from(bytes));
      this.#hash.update(bytes);
      this.#bytes += bytes.length;
      return;
    }
    const pieces = [...this.#pieces, bytes];
    this.#pieces = [];
    this.#file ??= await open(this.#path, "wx", 0o600);
    const writing = writeAll(this.#file, pieces);
    // Another thread writes meanwhile.
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await writing;
  }

  async finish(): Promise<Spooled> {
    await this.#file?.close();
    return { sha256: this.#hash.digest("hex"), sizeBytes: this.#bytes };
  }

  /** After `finish`, in memory of their own; undefined = they are in the file. */
  bytes(): Buffer<ArrayBuffer> | undefined {
    if (this.#file !== undefined) return undefined;
    const bytes = Buffer.from(new ArrayBuffer(this.#bytes));
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(bytes, at);
    return bytes;
  }

  /** The bytes, once or more, after `finish`. */
  body(): Buffer | Readable {
    return this.#file === undefined
      ? Buffer.concat(this.#pieces)
      : createReadStream(this.#path, { highWaterMark: READ_BYTES });
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#file === undefined) yield* this.#pieces;
    else
      for await (const chunk of createReadStream(this.#path, { highWaterMark: READ_BYTES }))
        if (Buffer.isBuffer(chunk)) yield chunk;
  }

  async remove(): Promise<void> {
    this.#pieces = [];
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

/** Of an object that waits for its put; whoever has put it removes it. */
export type SpooledBytes = Pick<OutputSpool, "sizeBytes" | "body" | "remove">;

/** In memory, or in the file of this path. */
export const spooledBytes = (sizeBytes: number, bytes: Uint8Array<ArrayBuffer> | string): SpooledBytes => ({
  sizeBytes,
  body: () =>
    typeof bytes === "string" ? createReadStream(bytes, { highWaterMark: READ_BYTES }) : Buffer.from(bytes.buffer),
  remove: async () => {
    if (typeof bytes === "string") await rm(bytes, { force: true });
  },
});

async function writeAll(file: FileHandle, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    for (let done = 0; done < piece.length;) done += (await file.write(piece, done)).bytesWritten;
  }
}
