import { createReadStream, type ReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

export interface SpooledBytes {
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Contents of all members in one file, addressed by offset: no member name ever reaches the file system, and
 * 200,000 members cost one descriptor.
 */
export class Spool {
  readonly #handle: FileHandle;
  readonly #path: string;
  #end = 0;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  static async open(folder: string): Promise<Spool> {
    const path = join(folder, "members.bin");
    return new Spool(await open(path, "wx+", 0o600), path);
  }

  get end(): number {
    return this.#end;
  }

  async append(chunk: Uint8Array): Promise<void> {
    let done = 0;
    while (done < chunk.byteLength) {
      const { bytesWritten } = await this.#handle.write(chunk, done, chunk.byteLength - done, this.#end);
      done += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  /** Reads one member whole; callers bound its size first. */
  async read({ offset, sizeBytes }: SpooledBytes): Promise<Buffer> {
    const buffer = Buffer.alloc(sizeBytes);
    let done = 0;
    while (done < sizeBytes) {
      const { bytesRead } = await this.#handle.read(buffer, done, sizeBytes - done, offset + done);
      if (bytesRead === 0) throw new Error(`The spool ends before byte ${offset + sizeBytes}.`);
      done += bytesRead;
    }
    return buffer;
  }

  stream({ offset, sizeBytes }: SpooledBytes): ReadStream | readonly Buffer[] {
    if (sizeBytes === 0) return [];
    return createReadStream(this.#path, { start: offset, end: offset + sizeBytes - 1 });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
