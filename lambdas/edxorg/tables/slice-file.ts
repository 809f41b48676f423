import { open } from "node:fs/promises";
import { chunkBytes } from "../../../core/io/chunk.ts";
import { readLocalFile } from "../../../core/io/local-file.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const QUOTE = 34;

export interface SliceRequest {
  /** The whole object. */
  readonly path: string;
  /** 1 = without quotes: fields that need them get them. */
  readonly dialect: 1 | 2;
  /** Start of a line, or 0. */
  readonly from: number;
  /** At least one line, and then not more than this, as far as lines allow. */
  readonly limitBytes: number;
  readonly target: string;
  /** Without its line end; written first when `from` is behind it. */
  readonly header: Buffer;
}

/**
 * Copies whole records, in dialect 2, to a file of their own. Gives the offset behind them, or undefined at the end of
 * the object. A line end inside quotes ends no record.
 */
export async function writeSlice(request: SliceRequest): Promise<number | undefined> {
  const { path, dialect, from, limitBytes, target, header } = request;
  const out = await open(target, "w");
  try {
    const lines = dialect === 2 ? unchanged : quoting();
    const write = (bytes: Buffer) => out.writeFile(lines.add(bytes));
    if (from > 0) await write(Buffer.concat([header, Buffer.from("\n")]));
    let at = from;
    let isQuoted = false;
    for await (const chunk of readLocalFile(path, { start: from })) {
      const bytes = chunkBytes(chunk);
      let end: number | undefined;
      for (let index = 0; index < bytes.length && end === undefined; index += 1) {
        const byte = bytes[index];
        if (byte === QUOTE && dialect === 2) isQuoted = !isQuoted;
        else if (byte === LF && !isQuoted && at + index + 1 - from >= limitBytes) end = index + 1;
      }
      await write(bytes.subarray(0, end));
      at += end ?? bytes.length;
      if (end !== undefined) return at;
    }
    await out.writeFile(lines.end());
    return undefined;
  } finally {
    await out.close();
  }
}

interface Lines {
  add(bytes: Buffer): Buffer;
  end(): Buffer;
}

const unchanged: Lines = { add: (bytes) => bytes, end: () => Buffer.alloc(0) };

/** Quotes the fields that hold a quote or a CR. A field may begin in one chunk and end in another: it is held so long. */
function quoting(): Lines {
  let rest = Buffer.alloc(0);
  return {
    add(bytes) {
      const text = Buffer.concat([rest, bytes]);
      const whole = Math.max(text.lastIndexOf(TAB), text.lastIndexOf(LF)) + 1;
      rest = text.subarray(whole);
      return quoted(text.subarray(0, whole));
    },
    end: () => quoted(rest),
  };
}

function quoted(text: Buffer): Buffer {
  if (!text.includes(QUOTE) && !text.includes(CR)) return text;
  const parts: Buffer[] = [];
  for (let from = 0; from < text.length;) {
    let to = from;
    while (to < text.length && text[to] !== TAB && text[to] !== LF) to += 1;
    const field = text.subarray(from, to);
    const needsQuotes = field.includes(QUOTE) || field.includes(CR);
    parts.push(needsQuotes ? Buffer.from(`"${field.toString("latin1").replaceAll('"', '""')}"`, "latin1") : field);
    if (to < text.length) parts.push(text.subarray(to, to + 1));
    from = to + 1;
  }
  return Buffer.concat(parts);
}
