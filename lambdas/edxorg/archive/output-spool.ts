import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import type { FileBody } from "../../../core/io/ports.ts";

/** Files are read in such pieces: with Node's 64 KB most of the time goes into the calls. */
const READ_BYTES = 1_048_576;

/** A closed file that waits for its put; whoever has put it removes what is left. */
export interface SpooledFile extends FileBody {
  readonly sizeBytes: number;
}

export const removeSpooled = ({ path }: Pick<SpooledFile, "path">): Promise<void> => rm(path, { force: true });

/** Bytes of one object until its name is known, which is their sha256. One that has begun must be removed. */
export class OutputSpool {
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The bytes may be used again when this has resolved. */
  async write(bytes: Buffer): Promise<void> {
    this.#file ??= await open(this.#path, "wx", 0o600);
    const writing = writeAll(this.#file, bytes);
    // Another thread writes meanwhile.
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await writing;
  }

  /** Once. Without a byte there is still a file. */
  async finish(): Promise<SpooledFile> {
    this.#file ??= await open(this.#path, "wx", 0o600);
    await this.#file.close();
    return { path: this.#path, sha256: this.#hash.digest("hex"), sizeBytes: this.#bytes };
  }

  /** What was written so far. */
  chunks(): AsyncGenerator<Buffer> {
    return fileChunks(this.#path);
  }

  async remove(): Promise<void> {
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
