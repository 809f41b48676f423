import { crc32, deflateRawSync } from "node:zlib";

export interface ZipMember {
  readonly name: string;
  readonly text: string | Buffer;
  /** What the directory says of it, true or not. */
  readonly claims?: { readonly unpacked?: number; readonly flags?: number; readonly method?: number };
  readonly stored?: boolean;
}

/** A zip as given, hostile or not: nothing is checked. */
export function makeZip(members: readonly ZipMember[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text, claims = {}, stored = false } of members) {
    const plain = Buffer.from(text);
    const packed = stored ? plain : deflateRawSync(plain);
    const { unpacked = plain.length, flags = 0, method = stored ? 0 : 8 } = claims;
    const known = Buffer.alloc(26);
    known.writeUInt16LE(20, 0);
    known.writeUInt16LE(flags, 2);
    known.writeUInt16LE(method, 4);
    known.writeUInt32LE(crc32(plain), 10);
    known.writeUInt32LE(packed.length, 14);
    known.writeUInt32LE(unpacked, 18);
    known.writeUInt16LE(Buffer.byteLength(name), 22);
    const file = Buffer.concat([Buffer.from("PK\x03\x04"), known, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), known, place, Buffer.from(name));
    files.push(file);
    offset += file.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  for (const at of [4, 6]) end.writeUInt16LE(members.length, at);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, central, Buffer.from("PK\x05\x06"), end]);
}
