import { isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import type { FoundLine } from "../../normalize/normalise-lines.ts";
import { QuarantineFile } from "../../normalize/quarantine-file.ts";
import type { FastRows } from "./kernel/fast-rows.ts";
import { RowWriter, type RowVerdict } from "./row-writer.ts";
import type { QuarantineReason, TableFacts, TableOptions, TableTarget } from "./table-facts.ts";
import type { TableHeader } from "./table-header.ts";

const LF = 10;
const CR = 13;
/** Written out whenever so much has come together. */
const BLOCK_BYTES = 1_048_576;

/** What follows the header, chunk by chunk: rows by the kernel where it can, and what is no row into quarantine. */
export class TableRewriter {
  readonly #target: TableTarget;
  readonly #options: TableOptions;
  readonly #writer: RowWriter;
  readonly #columns: number;
  readonly #fast: FastRows | undefined;
  #bad: QuarantineFile | undefined;
  /** Of a line whose end has not come. */
  #carry: Buffer[] = [];
  #carried = 0;
  #long: Hash | undefined;
  /** Of the next line. */
  #offset: number;
  #lines = 1;
  #rows = 0;
  #blank = 0;
  #short = 0;
  #reasons: Partial<Record<QuarantineReason, number>> = {};

  constructor(header: TableHeader, offset: number, target: TableTarget, options: TableOptions) {
    this.#target = target;
    this.#options = options;
    this.#offset = offset;
    this.#columns = header.columns;
    this.#writer = new RowWriter(header, options.extracted, options.rowHash);
    const { fast, rowHash, extracted, crlf } = options;
    const canBeFast = rowHash === "safe" && fast?.configure(header.columns, extracted, crlf) === true;
    this.#fast = canBeFast ? fast : undefined;
  }

  async chunk(bytes: Buffer): Promise<void> {
    let from = 0;
    if (this.#long !== undefined || this.#isTooLong(bytes)) {
      const end = bytes.indexOf(LF);
      await this.#longPiece(end < 0 ? bytes : bytes.subarray(0, end));
      if (end < 0) return;
      await this.#endLong(1);
      from = end + 1;
    }
    const last = bytes.lastIndexOf(LF) + 1;
    if (last > from) {
      const whole = bytes.subarray(from, last);
      await this.#block([...this.#carry, whole]);
      this.#carry = [];
      this.#carried = 0;
    }
    const rest = bytes.subarray(Math.max(last, from));
    if (rest.length === 0) return;
    // The memory of a chunk is used again for another.
    this.#carry.push(Buffer.from(rest));
    this.#carried += rest.length;
  }

  async end(): Promise<TableFacts> {
    if (this.#long !== undefined) await this.#endLong(0);
    else if (this.#carried > 0) await this.#block(this.#carry);
    const quarantined = Object.values(this.#reasons).reduce((sum, count) => sum + count, 0);
    const inputLines = this.#lines;
    if (inputLines !== 1 + this.#rows + quarantined + this.#blank) {
      throw new Error(
        `${inputLines} lines became ${this.#rows} rows, ${quarantined} bad and ${this.#blank} blank ones.`,
      );
    }
    return {
      ...{ inputLines, quarantined, rows: this.#rows, blank: this.#blank, shortRows: this.#short },
      ...{ columns: this.#columns, reasons: this.#reasons },
    };
  }

  async close(): Promise<void> {
    await this.#bad?.close();
  }

  /** Whole lines; only the last may lack its LF. */
  async #block(pieces: readonly Buffer[]): Promise<void> {
    const loaded = this.#fast?.load(pieces);
    const bytes = loaded ?? (pieces.length === 1 ? pieces[0] : undefined) ?? Buffer.concat(pieces);
    const valid = isUtf8(bytes);
    const fast = valid && loaded !== undefined ? this.#fast : undefined;
    for (let start = 0; start < bytes.length;) {
      if (fast !== undefined) {
        start += await this.#fastRows(fast, start);
        if (start === bytes.length) break;
      }
      const lf = bytes.indexOf(LF, start);
      const next = lf < 0 ? bytes.length : lf + 1;
      const ending = lf < 0 ? 0 : this.#options.crlf && lf > start && bytes[lf - 1] === CR ? 2 : 1;
      const end = next - ending;
      this.#lines += 1;
      const verdict = this.#line(bytes, start, end, valid);
      if (verdict !== "whole") {
        const line = { bytes, start, end, ending, line: this.#lines, offset: this.#offset };
        if (verdict === "blank") this.#blank += 1;
        else if (verdict === "short") this.#short += 1;
        else await this.#quarantine(line, verdict);
      }
      if (verdict === "whole" || verdict === "short") this.#rows += 1;
      this.#offset += next - start;
      start = next;
      if (this.#writer.written >= BLOCK_BYTES) await this.#flush();
    }
    await this.#flush();
  }

  /** Gives how many bytes were read: up to a line that the kernel leaves, or all. */
  async #fastRows(fast: FastRows, from: number): Promise<number> {
    await this.#flush();
    for (let read = 0; ;) {
      const { rows, short, blank, consumed, stopped, bytes } = fast.next(from + read);
      this.#rows += rows;
      this.#short += short;
      this.#blank += blank;
      this.#lines += rows + blank;
      this.#offset += consumed;
      read += consumed;
      if (bytes.length > 0) await this.#target.write(bytes);
      if (stopped || consumed === 0 || fast.isAtEnd(from + read)) return read;
    }
  }

  #line(bytes: Buffer, start: number, end: number, valid: boolean): RowVerdict | "blank" | "invalid_utf8" {
    if (end === start) return "blank";
    return valid || isUtf8(bytes.subarray(start, end)) ? this.#writer.row(bytes, start, end) : "invalid_utf8";
  }

  async #quarantine(line: FoundLine, reason: QuarantineReason): Promise<void> {
    const bad = await this.#badLines();
    bad.add(line, { reason, detail: `${line.end - line.start} bytes` });
    this.#count(reason);
  }

  async #badLines(): Promise<QuarantineFile> {
    this.#bad ??= await QuarantineFile.create(this.#target.linesPath, this.#target.indexPath);
    return this.#bad;
  }

  #count(reason: QuarantineReason): void {
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
  }

  async #flush(): Promise<void> {
    if (this.#writer.written > 0) await this.#target.write(this.#writer.bytes());
    this.#writer.clear();
    await this.#bad?.settle();
  }

  #isTooLong(bytes: Buffer): boolean {
    const end = bytes.indexOf(LF);
    return this.#carried + (end < 0 ? bytes.length : end) > this.#options.lineBytes;
  }

  async #longPiece(bytes: Buffer): Promise<void> {
    const bad = await this.#badLines();
    if (this.#long === undefined) {
      this.#long = createHash("sha256");
      for (const piece of this.#carry) {
        this.#long.update(piece);
        bad.piece(piece);
      }
      this.#carry = [];
    }
    this.#long.update(bytes);
    bad.piece(bytes);
    this.#carried += bytes.length;
    await bad.settle();
  }

  async #endLong(ending: 0 | 1): Promise<void> {
    const bad = await this.#badLines();
    if (ending === 1) bad.piece(Buffer.from([LF]));
    this.#lines += 1;
    const sha256 = this.#long?.digest("hex") ?? "";
    const [length, offset] = [this.#carried, this.#offset];
    bad.endLong({ line: this.#lines, offset, length, ending, sha256, blank: false });
    await bad.settle();
    this.#count("line_too_long");
    this.#offset += length + ending;
    this.#carried = 0;
    this.#long = undefined;
  }
}
