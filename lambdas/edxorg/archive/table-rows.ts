import type { ByteSource } from "../../archive/byte-source.ts";
import { malformed } from "../../archive/malformed.ts";
import type { TableFacts, TableOptions, TableTarget } from "./table-facts.ts";
import { readHeader } from "./table-header.ts";
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
