import { crc32, inflateRawSync } from "node:zlib";

/** Of all parts that are read of one file: a bomb ends here, whatever its directory says of sizes. */
const UNPACKED_MAX = 64 * 1_048_576;
const ENTRIES_MAX = 20_000;
const END_BYTES = 22;
const COMMENT_MAX = 65_535;
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 1;

interface Entry {
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

/**
 * Parts of a zip of at most 32 MiB that is in memory, by name, unpacked one at a time as they are asked for; nothing
 * gets to the file system. Names of parts are the same in capitals (ECMA-376, part 2). Throws an Error in words for what
 * is no zip, is encrypted, damaged or of more than 4 GB, and for a name that is there twice.
 */
export class ZipParts {
  private readonly bytes: Buffer;
  private readonly entries = new Map<string, Entry>();
  private unpacked = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const end = endOf(bytes);
    const count = bytes.readUInt16LE(end + 10);
    if (count > ENTRIES_MAX) throw new Error(`it has ${count} parts, more than ${ENTRIES_MAX}`);
    let at = bytes.readUInt32LE(end + 16);
    for (let left = count; left > 0; left -= 1) {
      if (this.signature(at, 46) !== CENTRAL) throw new Error("its directory is damaged");
      const [name, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place));
      const nameEnd = at + 46 + (name ?? 0);
      const key = bytes.toString("utf8", at + 46, nameEnd).toLowerCase();
      if (this.entries.has(key)) throw new Error(`it holds ${JSON.stringify(key.slice(0, 100))} twice`);
      this.entries.set(key, {
        ...{ flags: bytes.readUInt16LE(at + 8), method: bytes.readUInt16LE(at + 10), crc: bytes.readUInt32LE(at + 16) },
        ...{ packed: bytes.readUInt32LE(at + 20), unpacked: bytes.readUInt32LE(at + 24) },
        offset: bytes.readUInt32LE(at + 42),
      });
      at = nameEnd + (extra ?? 0) + (comment ?? 0);
    }
  }

  /** Undefined = there is no such part. */
  read(name: string): Buffer | undefined {
    const entry = this.entries.get(name.toLowerCase());
    if (entry === undefined) return undefined;
    const { flags, method, offset, packed, unpacked, crc } = entry;
    if ((flags & ENCRYPTED) !== 0) throw new Error(`${name} is encrypted`);
    if (method !== STORED && method !== DEFLATED) throw new Error(`${name} is packed in a way that is not read`);
    if (this.signature(offset, 30) !== LOCAL) throw new Error(`${name} is not where the directory says`);
    const start = offset + 30 + this.bytes.readUInt16LE(offset + 26) + this.bytes.readUInt16LE(offset + 28);
    if (start + packed > this.bytes.length) throw new Error(`${name} is cut`);
    const left = UNPACKED_MAX - this.unpacked;
    if (unpacked > left) throw new Error(`its parts unpack to more than ${UNPACKED_MAX} bytes`);
    const data = this.bytes.subarray(start, start + packed);
    const part = method === STORED ? data : inflated(data, unpacked);
    if (part?.length !== unpacked || crc32(part) !== crc) throw new Error(`${name} is damaged`);
    this.unpacked += part.length;
    return part;
  }

  /** 0 where the file ends before so many bytes. */
  private signature(at: number, bytes: number): number {
    return at + bytes > this.bytes.length ? 0 : this.bytes.readUInt32LE(at);
  }
}

/** Undefined = it is damaged, or is not of the length that was promised. */
function inflated(data: Buffer, length: number): Buffer | undefined {
  try {
    return inflateRawSync(data, { maxOutputLength: length + 1 });
  } catch {
    return undefined;
  }
}

/** The last record of its kind: only its own comment is behind it. */
function endOf(bytes: Buffer): number {
  for (let at = bytes.length - END_BYTES; at >= Math.max(0, bytes.length - END_BYTES - COMMENT_MAX); at -= 1) {
    if (bytes.readUInt32LE(at) === END) return at;
  }
  throw new Error("it is no zip, or is cut");
}
