import type { Readable } from "node:stream";

/**
 * Rows of RFC 4180 text, as a stream. By hand, because no CSV reader is among the dependencies and the item reader
 * of a Map is the only one that needs it.
 */
export async function* csvRows(body: Readable, delimiter: string): AsyncGenerator<string[]> {
  body.setEncoding("utf8");
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let wasQuote = false;
  const end = (): string[] => {
    const whole = [...row, cell];
    row = [];
    cell = "";
    return whole;
  };
  for await (const part of body) {
    for (const char of String(part)) {
      if (quoted) {
        if (char === '"') {
          quoted = false;
          wasQuote = true;
        } else cell += char;
        continue;
      }
      if (char === '"') {
        // A quote right after a closing one is a quote in the text.
        if (wasQuote) cell += '"';
        quoted = true;
      } else if (char === delimiter) {
        row.push(cell);
        cell = "";
      } else if (char === "\n") {
        const whole = end();
        if (whole.length > 1 || whole[0] !== "") yield whole;
      } else if (char !== "\r") cell += char;
      wasQuote = false;
    }
  }
  const last = end();
  if (last.length > 1 || last[0] !== "") yield last;
}
