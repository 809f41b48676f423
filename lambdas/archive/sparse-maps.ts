const BLOCK = 512;
const [SIZE, SUM, TYPE, MAGIC] = [124, 148, 156, 257];
/** Whether the map goes on in another block: of the header, and of each of these blocks. */
const [MORE_OF_HEADER, MORE_OF_MAP] = [482, 504];
/** Headers that say more of the next one: names that are long, attributes of POSIX. */
const ABOUT_NEXT: ReadonlySet<string> = new Set(["L", "K", "x", "g"]);
/** tar-stream refuses longer attributes. */
const ATTRIBUTES_MAX_BYTES = 4 * 1_048_576;

/**
 * A tar without the blocks in which the map of one of GNU's sparse files goes on behind its header: tar-stream takes them
 * for data and data for headers, and for the sake of one such file all behind it would be lost. All else passes as it is.
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export async function* withoutSparseMaps(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const block = Buffer.alloc(BLOCK);
  let filled = 0;
  let isMap = false;
  /** Bytes of the body that are still to pass. */
  let body = 0;
  let attributes: Buffer[] | undefined;
  let statedSize: number | undefined;
  for await (const chunk of chunks) {
    let kept = 0;
    for (let at = 0; at < chunk.length;) {
      if (!isMap && body > 0) {
        const end = Math.min(at + body, chunk.length);
        attributes?.push(Buffer.from(chunk.subarray(at, end)));
        body -= end - at;
        at = end;
        if (body > 0 || attributes === undefined) continue;
        statedSize = sizeIn(Buffer.concat(attributes)) ?? statedSize;
        attributes = undefined;
        continue;
      }
      const end = Math.min(at + BLOCK - filled, chunk.length);
      block.set(chunk.subarray(at, end), filled);
      filled += end - at;
      if (isMap) {
        if (at > kept) yield chunk.subarray(kept, at);
        kept = end;
      }
      at = end;
      if (filled < BLOCK) continue;
      filled = 0;
      if (isMap) isMap = block[MORE_OF_MAP] === 1;
      else if (isHeader(block)) {
        const type = String.fromCharCode(block[TYPE] ?? 0);
        const isAboutNext = ABOUT_NEXT.has(type);
        const size = isAboutNext ? sizeOf(block) : (statedSize ?? sizeOf(block));
        if (!isAboutNext) statedSize = undefined;
        body = type === "5" ? 0 : Math.ceil(size / BLOCK) * BLOCK;
        attributes = type === "x" && body > 0 && body <= ATTRIBUTES_MAX_BYTES ? [] : undefined;
        isMap = type === "S" && block.toString("latin1", MAGIC, MAGIC + 7) === "ustar  " && block[MORE_OF_HEADER] === 1;
      }
    }
    if (kept < chunk.length) yield chunk.subarray(kept);
  }
}

/** By its checksum, in which the checksum itself counts as blanks. */
function isHeader(block: Buffer): boolean {
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= SUM && at < SUM + 8 ? 0x20 : (block[at] ?? 0);
  return sum === Number.parseInt(block.toString("latin1", SUM, SUM + 8), 8);
}

/** Octal digits, or big-endian behind a first byte of 0x80. */
function sizeOf(block: Buffer): number {
  const field = block.subarray(SIZE, SIZE + 12);
  if (field[0] === 0x80) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(field.toString("latin1").replaceAll("\0", " ").trim() || "0", 8) || 0;
}

/** `<length> size=<bytes>\n` among others. */
function sizeIn(attributes: Buffer): number | undefined {
  const found = /(?:^|\n)\d+ size=(\d+)\n/.exec(attributes.toString("latin1"))?.[1];
  return found === undefined ? undefined : Number(found);
}
