import type { LineCounts } from "./accounting.ts";
import type { FastBlock, FastLines } from "./kernel/fast-lines.ts";
import { isFarFrom, midnightMicros } from "./render-line.ts";
import type { FastReader } from "./split-lines.ts";

/** The kernel's lines, counted as the byte path counts its own. `accept` copies: the block lives until the next one. */
export function fastPath(
  kernel: FastLines,
  logDate: string,
  counts: LineCounts,
  accept: (block: FastBlock) => void,
): FastReader {
  const logDateMicros = midnightMicros(logDate);
  return {
    load: (block) => kernel.load(block),
    next(from, line, offset) {
      const block = kernel.next(from, line, offset);
      if (block.lines === 0) return block;
      counts.lines = line + block.lines - 1;
      counts.rows += block.lines;
      counts.fastRows += block.lines;
      counts.timeStatus.ok += block.timed;
      counts.timeStatus.absent += block.untimed;
      for (let at = 1; at < block.table.length; at += 2) {
        if (isFarFrom(block.table[at] ?? Number.NaN, logDateMicros)) counts.farFromLogDate += 1;
      }
      accept(block);
      return block;
    },
  };
}
