import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";

/** One JSON object a line, UTF-8, written as it comes. */
export class JsonLines {
  readonly path: string;
  readonly #stream: WriteStream;
  #error: Error | undefined;
  rows = 0;
  longestLineBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#stream = createWriteStream(path, { flags: "wx", highWaterMark: 1 << 18 });
    // Without a listener a full disk would end the process; the next write or close throws it instead.
    this.#stream.on("error", (error) => (this.#error ??= error));
  }

  write(row: object): Promise<void> {
    return this.writeLine(JSON.stringify(row));
  }

  /** JSON without a line break. */
  async writeLine(json: string): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    const line = `${json}\n`;
    this.rows += 1;
    this.longestLineBytes = Math.max(this.longestLineBytes, Buffer.byteLength(line));
    if (!this.#stream.write(line)) await once(this.#stream, "drain");
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
