/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const LANES = 8;
const TABLES = tables();

/**
 * CRC-32C, which Google states for every object, goes on from where it stood: 4 bytes are all that a copy has to keep
 * of what it has read. Neither Node nor zlib has it (`zlib.crc32` is another polynomial). `before` = of the bytes before.
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lane = (number: number, byte: number): number => TABLES.getInt32((number * 256 + (byte & 0xff)) * 4, true);
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - LANES; at <= end; at += LANES) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      lane(7, low) ^
      lane(6, low >>> 8) ^
      lane(5, low >>> 16) ^
      lane(4, low >>> 24) ^
      lane(3, high) ^
      lane(2, high >>> 8) ^
      lane(1, high >>> 16) ^
      lane(0, high >>> 24);
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ lane(0, crc ^ view.getUint8(at));
  return ~crc >>> 0;
}

/** As Google writes it: big-endian, base64. */
export function crc32cText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
}

/** Eight bytes are looked up at once ("slicing by 8"). */
function tables(): DataView {
  const view = new DataView(new ArrayBuffer(LANES * 256 * 4));
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    view.setInt32(byte * 4, crc, true);
  }
  for (let at = 256; at < LANES * 256; at += 1) {
    const above = view.getInt32((at - 256) * 4, true);
    view.setInt32(at * 4, (above >>> 8) ^ view.getInt32((above & 0xff) * 4, true), true);
  }
  return view;
}
