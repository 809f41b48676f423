import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { QuarantineReason } from "./accounting.ts";
import type { FoundLine } from "./normalise-lines.ts";
import type { LongLineFound } from "./split-lines.ts";

/** One line of `.index.jsonl`. `line` 0 = the whole object, kept where it landed. */
export interface QuarantineEntry {
  /** Counts from 1. */
  readonly line: number;
  /** In the decompressed input. */
  readonly offset: number;
  /** Without the ending. */
  readonly length: number;
  /** Of `length` bytes. */
  readonly sha256: string;
  readonly reason: string;
  readonly detail: string;
  /** Bytes of the line ending: the `.lines` file holds `length + ending` bytes. */
  readonly ending: number;
}

/** The bad lines of one file, byte for byte with their endings, and their index. */
export class QuarantineFile {
  count = 0;
  private readonly lines: FileHandle;
  private readonly index: FileHandle;
  /** What `settle` writes, in order; a number cuts the lines back to that length. */
  private pending: (Buffer | number)[] = [];
  private pendingIndex = "";
  private length = 0;
  private longStart: number | undefined;

  private constructor(lines: FileHandle, index: FileHandle) {
    this.lines = lines;
    this.index = index;
  }

  static async create(linesPath: string, indexPath: string): Promise<QuarantineFile> {
    return new QuarantineFile(await open(linesPath, "a"), await open(indexPath, "a"));
  }

  add(
    { bytes, start, end, ending, line, offset }: FoundLine,
    { reason, detail }: { readonly reason: string; readonly detail: string },
  ): void {
    const sha256 = createHash("sha256").update(bytes.subarray(start, end)).digest("hex");
    this.append(Buffer.from(bytes.subarray(start, end + ending)));
    this.enter({ line, offset, length: end - start, sha256, reason, detail, ending });
  }

  /** A part of a line that is too long. */
  piece(bytes: Buffer): void {
    this.longStart ??= this.length;
    this.append(bytes);
  }

  endLong({ blank, ...found }: LongLineFound): void {
    const start = this.longStart ?? this.length;
    this.longStart = undefined;
    if (blank) {
      this.length = start;
      this.pending.push(start);
      return;
    }
    const reason: QuarantineReason = "line_too_long";
    const { line, offset, length, sha256, ending } = found;
    this.enter({ line, offset, length, sha256, reason, detail: `${length} bytes`, ending });
  }

  /** Writes what came since the last call: callers bound memory by calling it after every chunk. */
  async settle(): Promise<void> {
    const [pending, index] = [this.pending, this.pendingIndex];
    this.pending = [];
    this.pendingIndex = "";
    let run: Buffer[] = [];
    // One write for many lines: a file of nothing but bad lines would otherwise be half a million writes.
    const write = async (): Promise<void> => {
      if (run.length > 0) await this.lines.appendFile(Buffer.concat(run));
      run = [];
    };
    for (const piece of pending) {
      if (typeof piece !== "number") {
        run.push(piece);
        continue;
      }
      await write();
      await this.lines.truncate(piece);
    }
    await write();
    if (index !== "") await this.index.appendFile(index);
  }

  async close(): Promise<void> {
    await this.lines.close();
    await this.index.close();
  }

  private append(bytes: Buffer): void {
    this.pending.push(bytes);
    this.length += bytes.length;
  }

  private enter(entry: QuarantineEntry): void {
    this.count += 1;
    this.pendingIndex += `${JSON.stringify(entry)}\n`;
  }
}
