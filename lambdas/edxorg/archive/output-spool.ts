import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import type { FileBody } from "../../../core/io/ports.ts";

/** Files are read in such pieces: with Node's 64 KB most of the time goes into the calls. */
const READ_BYTES = 1_048_576;

/** A closed file that waits for its put; whoever has put it removes what is left. */
export interface SpooledFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export const givenAway = ({ path, sha256 }: SpooledFile): FileBody => ({ path, digest: sha256 });

export const removeSpooled = ({ path }: Pick<SpooledFile, "path">): Promise<void> => rm(path, { force: true });

/** What one spool after another writes from, so that its giver works on while the disk is busy. */
export class WriteMemory {
  #memory = Buffer.alloc(0);

  /** Valid until the next. */
  copyOf(bytes: Buffer): Buffer {
    if (this.#memory.length < bytes.length) this.#memory = Buffer.allocUnsafeSlow(Math.max(bytes.length, READ_BYTES));
    bytes.copy(this.#memory);
    return this.#memory.subarray(0, bytes.length);
  }
}

/** Bytes of one object until its name is known, which is their sha256. One that has begun must be removed. */
export class OutputSpool {
  readonly #path: string;
  readonly #memory: WriteMemory;
  readonly #hash = createHash("sha256");
  #file: FileHandle | undefined;
  #writing = Promise.resolve();
  #bytes = 0;

  /** Spools that share their memory are written one after another. */
  constructor(path: string, memory: WriteMemory) {
    this.#path = path;
    this.#memory = memory;
  }

  /** The bytes may be used again when this has resolved. */
  async write(bytes: Buffer): Promise<void> {
    this.#file ??= await open(this.#path, "wx", 0o600);
    await this.#writing;
    this.#writing = writeAll(this.#file, this.#memory.copyOf(bytes));
    // Whoever writes or ends next hears of it.
    this.#writing.catch(() => undefined);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Once. Without a byte there is still a file. */
  async finish(): Promise<SpooledFile> {
    this.#file ??= await open(this.#path, "wx", 0o600);
    await this.#writing;
    await this.#file.close();
    return { path: this.#path, sha256: this.#hash.digest("hex"), sizeBytes: this.#bytes };
  }

  /** What was written so far. */
  async *chunks(): AsyncGenerator<Buffer> {
    await this.#writing;
    yield* fileChunks(this.#path);
  }

  async remove(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file?.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

export async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
    if (Buffer.isBuffer(chunk)) yield chunk;
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done)).bytesWritten;
}
