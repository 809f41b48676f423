import { isUtf8 } from "node:buffer";
import { isBlankByte } from "./byte-classes.ts";
import { countReason, countUnknownKey, emptyCounts, type LineCounts } from "./accounting.ts";
import { classifyFault, type Verdict } from "./classify-line.ts";
import { CONTEXT, EVENT, FIELDS, TIME } from "./columns.ts";
import { LineRenderer, isFarFrom, midnightMicros, stagedBound } from "./render-line.ts";
import { LineScanner, type Member } from "./scan-line.ts";

/** A line in the buffer that it was found in: content `start..end`, then `ending` bytes of line ending. */
export interface FoundLine {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly ending: number;
  /** Counts from 1. */
  readonly line: number;
  /** Of the first byte, in the decompressed input. */
  readonly offset: number;
}

/** Where rows and refused lines go. */
export interface LineSink {
  /** Makes room: afterwards `buffer` holds at least `bytes` more at `place`. */
  reserve(bytes: number): void;
  readonly buffer: Uint8Array;
  readonly place: number;
  /** The staged line `place..end` is complete; up to `columnsEnd` it is also the normalised line. */
  accept(end: number, columnsEnd: number, micros: number): void;
  refuse(found: FoundLine, verdict: Verdict): void;
}

/** Turns lines into rows, refusals or blanks: every line is counted as exactly one of them. */
export class LineNormaliser {
  readonly counts: LineCounts = emptyCounts();
  private readonly scanner = new LineScanner();
  private readonly renderer = new LineRenderer();
  private readonly slots: (Member | undefined)[] = FIELDS.map(() => undefined);
  private readonly extras: Member[] = [];
  private readonly sink: LineSink;
  private readonly logDateMicros: number;

  /** `logDate` is `YYYY-MM-DD`. */
  constructor(sink: LineSink, logDate: string) {
    this.sink = sink;
    this.logDateMicros = midnightMicros(logDate);
  }

  /** `knownUtf8` = the caller has checked a range that holds the line. */
  take(
    bytes: Uint8Array,
    start: number,
    end: number,
    ending: number,
    line: number,
    offset: number,
    knownUtf8: boolean,
  ) {
    const { counts, scanner, sink } = this;
    counts.lines = line;
    if (isBlank(bytes, start, end)) {
      counts.blank += 1;
      return;
    }
    let from = start;
    if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && start + 3 <= end) {
      counts.bom += 1;
      from += 3;
    }
    const refuse = (verdict: Verdict): void => {
      countReason(counts, verdict.reason);
      sink.refuse({ bytes, start, end, ending, line, offset }, verdict);
    };
    if (!knownUtf8 && !isUtf8(bytes.subarray(start, end))) {
      return refuse({ reason: "invalid_utf8", detail: "a byte sequence that is not UTF-8" });
    }
    if (!scanner.scan(bytes, from, end)) return refuse(classifyFault(scanner, bytes, start, end));
    const duplicate = this.sortOut(bytes);
    if (duplicate !== undefined) {
      return refuse({ reason: "duplicate_key", detail: `the key ${JSON.stringify(duplicate)} has two values` });
    }

    sink.reserve(stagedBound(end - start));
    const { renderer, slots, extras } = this;
    const place = sink.place;
    const to = renderer.render(bytes, scanner.keptWords, slots, extras, line, offset, sink.buffer, place);
    const { micros, status } = renderer;
    counts.rows += 1;
    counts.timeStatus[status] += 1;
    if (isFarFrom(micros, this.logDateMicros)) counts.farFromLogDate += 1;
    sink.accept(to, renderer.columnsEnd, micros);
  }

  /** A line that was longer than the limit: counted, kept by the caller. */
  tooLong(line: number, blank: boolean): void {
    this.counts.lines = line;
    if (blank) this.counts.blank += 1;
    else countReason(this.counts, "line_too_long");
  }

  /** Puts the members in their slots; returns a key that occurs twice with different values. */
  private sortOut(bytes: Uint8Array): string | undefined {
    const { slots, extras, scanner } = this;
    slots.fill(undefined);
    extras.length = 0;
    let others: Map<string, Member> | undefined;
    let anomalies = 0;
    for (let index = 0; index < scanner.count; index += 1) {
      const member = scanner.members[index];
      if (member === undefined) continue;
      const name = member.field < 0 ? keyText(bytes, member) : undefined;
      const field = name === undefined || !member.keyEscaped ? member.field : fieldNamed(name);
      const earlier = field < 0 ? others?.get(name ?? "") : slots[field];
      if (earlier !== undefined) {
        if (!sameBytes(bytes, earlier, member)) return name ?? FIELDS[field];
        continue;
      }
      if (field < 0) {
        others ??= new Map();
        others.set(name ?? "", member);
        extras.push(member);
        continue;
      }
      slots[field] = member;
      const nested = member.kind === "object" || member.kind === "array";
      if (nested && field !== EVENT && field !== CONTEXT && field !== TIME) anomalies += 1;
    }
    this.counts.typeAnomalies += anomalies;
    if (others !== undefined) for (const key of others.keys()) countUnknownKey(this.counts, key);
    return undefined;
  }
}

export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isBlankByte(bytes[at] ?? 0)) return false;
  return true;
}

function keyText(bytes: Uint8Array, { keyStart, keyEnd, keyEscaped }: Member): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString("utf8");
  return keyEscaped ? String(JSON.parse(`"${text}"`)) : text;
}

const fieldNamed = (name: string): number => FIELDS.findIndex((field) => field === name);

function sameBytes(bytes: Uint8Array, a: Member, b: Member): boolean {
  const length = a.end - a.start;
  if (length !== b.end - b.start) return false;
  return Buffer.compare(bytes.subarray(a.start, a.end), bytes.subarray(b.start, b.end)) === 0;
}
