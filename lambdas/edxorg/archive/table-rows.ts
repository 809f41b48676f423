import { isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import type { ByteSource } from "../../archive/byte-source.ts";
import { malformed } from "../../archive/malformed.ts";
import { QuarantineFile } from "../../normalize/quarantine-file.ts";
import type { FoundLine } from "../../normalize/normalise-lines.ts";
import type { FastRows } from "./kernel/fast-rows.ts";
import { RowWriter, type RowVerdict } from "./row-writer.ts";
import type { RowHash } from "./row-hash.ts";
import { readHeader, type TableHeader } from "./table-header.ts";

const LF = 10;
const CR = 13;
/** A header is some hundred bytes; a file without line ends is no table. */
const HEADER_MAX_BYTES = 1_048_576;
/** Written out whenever so much has come together. */
const BLOCK_BYTES = 1_048_576;

export interface TableOptions {
  readonly extracted: readonly string[];
  readonly rowHash: RowHash;
  /** CR before every LF: it belongs to the ending. Known beforehand, for only the last line proves it. */
  readonly crlf: boolean;
  /** Longer lines go to quarantine: one is held in memory twice. */
  readonly lineBytes: number;
  /** One table at a time may use it. Absent = all lines are read by the reference. */
  readonly fast?: FastRows;
}

/** Where it goes; paths for what is quarantined are used only if something is. */
export interface TableTarget {
  write(bytes: Buffer): Promise<void>;
  readonly linesPath: string;
  readonly indexPath: string;
}

export const QUARANTINE_REASONS = ["surplus_fields", "invalid_utf8", "line_too_long"] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** `inputLines = 1 header + rows + quarantined + blank`, or 0 of a file without bytes. */
export interface TableFacts {
  readonly inputLines: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly blank: number;
  /** Rows with fewer fields than the header: the missing ones are null. */
  readonly shortRows: number;
  readonly columns: number;
  readonly reasons: Readonly<Partial<Record<QuarantineReason, number>>>;
}

/** The first line with its ending, or all there is; it is given back. Throws Malformed `header_too_long`. */
export async function peekHeader(source: ByteSource): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
      chunks.push(chunk);
      const end = chunk.indexOf(LF);
      if (end >= 0) return Buffer.concat([...chunks.slice(0, -1), chunk.subarray(0, end + 1)]);
      bytes += chunk.length;
      if (bytes > HEADER_MAX_BYTES) {
        throw malformed("header_too_long", `The first line of the table is longer than ${HEADER_MAX_BYTES} bytes.`);
      }
    }
    return Buffer.concat(chunks);
  } finally {
    source.unread(chunks);
  }
}

/**
 * A table as edx.org writes it, in the dialect of spec/edxorg.md 4: streamed, of any length. Nothing is written of one
 * without rows but its header. Throws Malformed for a header that is none.
 */
export async function rewriteTable(
  chunks: AsyncIterable<Buffer>,
  header: Buffer,
  target: TableTarget,
  options: TableOptions,
): Promise<TableFacts> {
  const read = readHeader(withoutEnding(header, options.crlf), options.rowHash);
  await target.write(read.line);
  const table = new TableRewriter(read, header.length, target, options);
  let skip = header.length;
  try {
    for await (const chunk of chunks) {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      if (skipped < chunk.length) await table.chunk(chunk.subarray(skipped));
    }
    return await table.end();
  } finally {
    await table.close();
  }
}

/** Of `header`, as `peekHeader` gives it. */
function withoutEnding(line: Buffer, crlf: boolean): Buffer {
  if (line.at(-1) !== LF) return line;
  return line.subarray(0, line.length - (crlf && line.at(-2) === CR ? 2 : 1));
}

class TableRewriter {
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
      await this.#block(this.#carried === 0 ? whole : Buffer.concat([...this.#carry, whole]));
      this.#carry = [];
      this.#carried = 0;
    }
    const rest = bytes.subarray(Math.max(last, from));
    if (rest.length === 0) return;
    this.#carry.push(rest);
    this.#carried += rest.length;
  }

  async end(): Promise<TableFacts> {
    if (this.#long !== undefined) await this.#endLong(0);
    else if (this.#carried > 0) await this.#block(Buffer.concat(this.#carry));
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
  async #block(bytes: Buffer): Promise<void> {
    const valid = isUtf8(bytes);
    const fast = valid && this.#fast?.load(bytes) === true ? this.#fast : undefined;
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
