import { createHash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import type { FileBody } from "../../../core/io/ports.ts";
import { readLocalFile } from "../../../core/io/local-file.ts";
import { BLOCK_BYTES, NEW_DIRECT_FILE, NEW_FILE, PIECE_BYTES, type WritePieces } from "./write-pieces.ts";

/** A smaller file is not worth the wait for the disk. */
const DIRECT_FROM_BYTES = 65_536;

/** A closed file that waits for its put; whoever has put it removes what is left. */
export interface SpooledFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export const givenAway = ({ path, sha256 }: SpooledFile): FileBody => ({ path, digest: sha256 });

export const removeSpooled = ({ path }: Pick<SpooledFile, "path">): Promise<void> => rm(path, { force: true });

/** Bytes of one object until its name is known, which is their sha256. One that has begun must be removed. */
export class OutputSpool {
  readonly #path: string;
  readonly #pieces: WritePieces;
  readonly #mayBeDirect: boolean;
  readonly #hash = createHash("sha256");
  #file: FileHandle | undefined;
  #isDirect = false;
  /** What is being filled, and how far. */
  #piece: Buffer | undefined;
  #filled = 0;
  #given = 0;
  #written: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;

  /** Spools may share their pieces, one after another. `direct`: past the page cache, of a file that is not read soon. */
  constructor(path: string, { pieces, direct }: { readonly pieces: WritePieces; readonly direct: boolean }) {
    this.#path = path;
    this.#pieces = pieces;
    this.#mayBeDirect = direct;
  }

  /** The bytes may be used again when this has resolved. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault.error;
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;) {
      this.#piece ??= await this.#pieces.take();
      const taken = bytes.copy(this.#piece, this.#filled, at);
      at += taken;
      this.#filled += taken;
      if (this.#filled === PIECE_BYTES) await this.#give(this.#piece);
    }
  }

  /** Once, when nothing more is written. Without a byte there is still a file. */
  async finish(): Promise<SpooledFile> {
    const sha256 = this.#hash.digest("hex");
    if (this.#piece !== undefined) await this.#give(this.#piece);
    this.#file ??= await open(this.#path, NEW_FILE, 0o600);
    await this.#written;
    // The last block was written whole.
    if (this.#isDirect && this.#fault === undefined) await this.#file.truncate(this.#given);
    await this.#file.close();
    if (this.#fault !== undefined) throw this.#fault.error;
    return { path: this.#path, sha256, sizeBytes: this.#given };
  }

  /** What was written so far. */
  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#piece !== undefined) await this.#give(this.#piece);
    await this.#written;
    if (this.#fault !== undefined) throw this.#fault.error;
    yield* fileChunks(this.#path);
  }

  async remove(): Promise<void> {
    if (this.#piece !== undefined) this.#pieces.giveBack(this.#piece);
    this.#piece = undefined;
    await this.#written;
    await this.#file?.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }

  async #give(piece: Buffer): Promise<void> {
    const bytes = this.#filled;
    const position = this.#given;
    this.#piece = undefined;
    this.#filled = 0;
    this.#given += bytes;
    try {
      this.#file ??= await this.#open(bytes);
    } catch (error) {
      this.#pieces.giveBack(piece);
      throw error;
    }
    const length = this.#isDirect ? Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES : bytes;
    const written = writeAll(this.#file, piece.subarray(0, length), position)
      .catch((error: unknown) => {
        this.#fault ??= { error };
      })
      .finally(() => this.#pieces.giveBack(piece));
    this.#written = Promise.all([this.#written, written]).then(() => undefined);
  }

  async #open(bytes: number): Promise<FileHandle> {
    this.#isDirect = this.#mayBeDirect && bytes >= DIRECT_FROM_BYTES;
    return open(this.#path, this.#isDirect ? NEW_DIRECT_FILE : NEW_FILE, 0o600);
  }
}

export async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of readLocalFile(path)) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, undefined, position + done)).bytesWritten;
}
