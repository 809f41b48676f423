import { instantiate } from "../../../wasm-kernel/instantiate.ts";
import * as layout from "./layout.ts";
import { KERNEL_BASE64 } from "./module.ts";

const LF = 10;
/** The message of a row has 6 bytes more for each column. */
const COLUMNS_MAX = 1_000;

/** What one call of the kernel took. */
export interface FastRowBlock {
  readonly rows: number;
  readonly short: number;
  readonly blank: number;
  /** Bytes of the input that were read. */
  readonly consumed: number;
  /** The next line is not for the kernel: it has too many fields. */
  readonly stopped: boolean;
  /** A view of the kernel's memory, valid until the next call. */
  readonly bytes: Buffer;
}

/**
 * The fast path: whole lines of valid UTF-8 in, rows with their safe hash out, by a WebAssembly kernel that finds
 * fields sixteen bytes at a time and hashes four rows at once. ../row-writer.ts remains the reference and takes every
 * line that the kernel leaves. 15 MB of memory for as long as it lives: one serves all tables of an archive.
 */
export class FastRows {
  readonly #run: (from: number, end: number) => number;
  readonly #memory: Buffer;
  #end = layout.INPUT;

  constructor() {
    const { run, memory } = instantiate(KERNEL_BASE64, "lambdas/edxorg/archive/kernel");
    this.#run = run;
    this.#memory = Buffer.from(memory);
  }

  /** For all blocks that follow. False = such a table is not for the kernel. */
  configure(columns: number, extracted: readonly string[], crlf: boolean): boolean {
    const suffix = Buffer.from(`\t${extracted.join("\t")}\t`);
    if (columns > COLUMNS_MAX || suffix.length > layout.SUFFIX_BYTES - 16) return false;
    suffix.copy(this.#memory, layout.SUFFIX);
    for (const [index, value] of [columns, crlf ? 1 : 0, suffix.length].entries()) {
      this.#memory.writeInt32LE(value, layout.CONFIG + 4 * index);
    }
    return true;
  }

  /**
   * Takes a block of whole lines, the last byte an LF, in pieces. Gives it in one piece, a view of the kernel's memory
   * that is valid until the next block; undefined = too large.
   */
  load(pieces: readonly Buffer[]): Buffer | undefined {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length > layout.INPUT_BYTES || pieces.at(-1)?.at(-1) !== LF) return undefined;
    this.#end = layout.INPUT;
    for (const piece of pieces) this.#end += piece.copy(this.#memory, this.#end);
    return this.#memory.subarray(layout.INPUT, this.#end);
  }

  /** Whether the block has no byte at this place or behind it. */
  isAtEnd(at: number): boolean {
    return layout.INPUT + at >= this.#end;
  }

  /** Reads lines from `from` in the block. */
  next(from: number): FastRowBlock {
    const rows = this.#run(layout.INPUT + from, this.#end);
    const state = (index: number): number => this.#memory.readInt32LE(layout.STATE + 4 * index);
    return {
      rows,
      short: state(4),
      blank: state(5),
      consumed: state(0) - layout.INPUT - from,
      stopped: state(1) === 1,
      bytes: this.#memory.subarray(layout.OUTPUT, state(2)),
    };
  }
}
