import type { ByteSource } from "../../archive/byte-source.ts";
import { malformed } from "../../archive/malformed.ts";
import type { TableOptions, TableTarget } from "./table-facts.ts";
import { readHeader, type TableHeader } from "./table-header.ts";
import { TableRewriter } from "./table-rewriter.ts";

const LF = 10;
const CR = 13;
/** A header is some hundred bytes; a file without line ends is no table. */
const HEADER_MAX_BYTES = 1_048_576;

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

/** Of a first line with its ending. Throws Malformed for a header that is none. */
export const headerOf = (line: Buffer, { crlf, rowHash }: Pick<TableOptions, "crlf" | "rowHash">): TableHeader =>
  readHeader(withoutEnding(line, crlf), rowHash);

/**
 * A table as edx.org writes it, in the dialect of spec/edxorg.md 4: the chunks behind `header`, its first line, are
 * given to what this returns, which is then ended and closed. Throws as `headerOf` does.
 */
export async function openTable(header: Buffer, target: TableTarget, options: TableOptions): Promise<TableRewriter> {
  const read = headerOf(header, options);
  await target.write(read.line);
  return new TableRewriter(read, header.length, target, options);
}

/** What follows the first `count` bytes. */
export async function* behind(count: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let skip = count;
  for await (const chunk of chunks) {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

/** Of `header`, as `peekHeader` gives it. */
function withoutEnding(line: Buffer, crlf: boolean): Buffer {
  if (line.at(-1) !== LF) return line;
  return line.subarray(0, line.length - (crlf && line.at(-2) === CR ? 2 : 1));
}
