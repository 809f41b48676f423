import { createHash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import type { FileBody } from "../../../core/io/ports.ts";
import { readLocalFile } from "../../../core/io/local-file.ts";

/** Of the four threads that Node has for such work the others are left to inflating. */
const WRITES_AT_ONCE = 2;
const WRITE_BYTES = 524_288;

/** A closed file that waits for its put; whoever has put it removes what is left. */
export interface SpooledFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export const givenAway = ({ path, sha256 }: SpooledFile): FileBody => ({ path, digest: sha256 });

export const removeSpooled = ({ path }: Pick<SpooledFile, "path">): Promise<void> => rm(path, { force: true });

/**
 * Writes under way, from memory of their own, so that their giver works on while the disk is busy. Each is given to the
 * operating system at once: its giver's thread computes for long, and would begin a write that waits for another late.
 */
export class WriteQueue {
  readonly #memory: Buffer[] = [];
  readonly #freed: Promise<void>[] = [];
  #count = 0;

  /** Resolves when `bytes` may be used again; `written` when they are in the file. */
  async add(file: FileHandle, bytes: Buffer, position: number): Promise<{ readonly written: Promise<void> }> {
    const turn = this.#count % WRITES_AT_ONCE;
    this.#count += 1;
    await this.#freed[turn];
    let memory = this.#memory[turn] ?? Buffer.alloc(0);
    if (memory.length < bytes.length) memory = Buffer.allocUnsafeSlow(Math.max(bytes.length, WRITE_BYTES));
    this.#memory[turn] = memory;
    bytes.copy(memory);
    const written = writeAll(file, memory.subarray(0, bytes.length), position);
    this.#freed[turn] = written.catch(() => undefined);
    return { written };
  }
}

/** Bytes of one object until its name is known, which is their sha256. One that has begun must be removed. */
export class OutputSpool {
  readonly #path: string;
  readonly #queue: WriteQueue;
  readonly #hash = createHash("sha256");
  #file: FileHandle | undefined;
  #written: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;
  #bytes = 0;

  /** Spools may share a queue, one after another. */
  constructor(path: string, queue: WriteQueue) {
    this.#path = path;
    this.#queue = queue;
  }

  /** The bytes may be used again when this has resolved. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault.error;
    this.#file ??= await open(this.#path, "wx", 0o600);
    const { written } = await this.#queue.add(this.#file, bytes, this.#bytes);
    const noted = written.catch((error: unknown) => {
      this.#fault ??= { error };
    });
    this.#written = Promise.all([this.#written, noted]).then(() => undefined);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Once, when nothing more is written. Without a byte there is still a file. */
  async finish(): Promise<SpooledFile> {
    const [sha256, sizeBytes] = [this.#hash.digest("hex"), this.#bytes];
    this.#file ??= await open(this.#path, "wx", 0o600);
    await this.#written;
    await this.#file.close();
    if (this.#fault !== undefined) throw this.#fault.error;
    return { path: this.#path, sha256, sizeBytes };
  }

  /** What was written so far. */
  async *chunks(): AsyncGenerator<Buffer> {
    await this.#written;
    yield* fileChunks(this.#path);
  }

  async remove(): Promise<void> {
    await this.#written;
    await this.#file?.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

export async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of readLocalFile(path)) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, undefined, position + done)).bytesWritten;
}
