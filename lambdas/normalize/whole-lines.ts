import { isFailure } from "../../core/model/failures.ts";
import { LF } from "./byte-classes.ts";

/** A line that is longer is given as far as it goes: the reader refuses it for its length. */
const HELD_BYTES = 64 * 1024 * 1024;

export interface Cut {
  /** Bytes behind the last complete line that could be read. */
  readonly lostBytes: number;
}

/** The complete lines of a gzip that was cut; `found` is told of the cut. Any other damage stays what it is. */
export async function* wholeLines(text: AsyncIterable<Buffer>, found: (cut: Cut) => void): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of text) {
      const end = chunk.lastIndexOf(LF) + 1;
      if (end > 0) {
        yield* held;
        yield chunk.subarray(0, end);
        [held, bytes] = [[], 0];
      }
      held.push(chunk.subarray(end));
      bytes += chunk.length - end;
      if (bytes <= HELD_BYTES) continue;
      yield* held;
      [held, bytes] = [[], 0];
    }
  } catch (error) {
    if (!isFailure(error) || error.code !== "gzip_truncated") throw error;
    found({ lostBytes: bytes });
    return;
  }
  yield* held.filter(({ length }) => length > 0);
}
