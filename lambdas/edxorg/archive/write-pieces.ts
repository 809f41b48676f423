import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";

export const PIECE_BYTES = 524_288;
/** Two are being written while one is filled: of Node's four threads for such work the others inflate. */
const PIECES = 3;
/** Every disk takes such blocks past the page cache. */
export const BLOCK_BYTES = 4_096;
const WASM_PAGE_BYTES = 65_536;

/** Memory for writes, so that their giver works on while the disk is busy. */
export class WritePieces {
  readonly #free: Buffer[];
  readonly #waiting: (() => void)[] = [];

  constructor() {
    // Writes past the page cache want memory on the boundaries of pages; Node's other memory lies anywhere.
    const { buffer } = new WebAssembly.Memory({ initial: (PIECES * PIECE_BYTES) / WASM_PAGE_BYTES });
    this.#free = Array.from({ length: PIECES }, (_, piece) => Buffer.from(buffer, piece * PIECE_BYTES, PIECE_BYTES));
  }

  async take(): Promise<Buffer> {
    for (;;) {
      const piece = this.#free.pop();
      if (piece !== undefined) return piece;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  giveBack(piece: Buffer): void {
    this.#free.push(piece);
    this.#waiting.shift()?.();
  }
}

export const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** Not every system knows the flag. */
export const NEW_DIRECT_FILE = NEW_FILE | (constants.O_DIRECT ?? 0);

/** Whether files of this folder can be written past the page cache: systems, file systems and disks differ. */
export async function takesDirectWrites(folder: string): Promise<boolean> {
  const path = join(folder, "direct");
  const pieces = new WritePieces();
  const piece = await pieces.take();
  try {
    const file = await open(path, NEW_DIRECT_FILE, 0o600);
    try {
      // As a table is written: a whole piece, the last blocks behind it, and an end where its bytes end.
      const first = await file.write(piece, 0, PIECE_BYTES, 0);
      const last = await file.write(piece, 0, BLOCK_BYTES, PIECE_BYTES);
      await file.truncate(PIECE_BYTES + 1);
      return first.bytesWritten === PIECE_BYTES && last.bytesWritten === BLOCK_BYTES;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  } finally {
    await rm(path, { force: true });
  }
}
