import type { Cells } from "../csv/cells.ts";

const [NULL, TWO, THREE, EIGHT] = [0xfb, 0xfc, 0xfd, 0xfe];

interface Packet {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly end: number;
}

/**
 * Reads rows of the text protocol where they lie. What it gives is the same object every time, good until the next row.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
export function rowReader(): (packet: unknown) => Cells {
  let bounds = new Int32Array(32);
  let count = 0;
  return (packet) => {
    if (!isPacket(packet)) throw new Error("The driver gives rows another form: look at row-packets.ts.");
    const { buffer: bytes, offset, end } = packet;
    let found = 0;
    for (let at = offset; at < end;) {
      if (2 * found + 2 > bounds.length) bounds = grown(bounds);
      const first = bytes[at++] ?? 0;
      if (first === NULL) {
        bounds[2 * found] = bounds[2 * found + 1] = -1;
        found += 1;
        continue;
      }
      let length = first;
      const more = first === TWO ? 2 : first === THREE ? 3 : first === EIGHT ? 8 : 0;
      if (more > 0) length = 0;
      for (let digit = more - 1; digit >= 0; digit -= 1) length = length * 256 + (bytes[at + digit] ?? 0);
      at += more;
      bounds[2 * found] = at;
      bounds[2 * found + 1] = at += length;
      found += 1;
    }
    // All rows of a statement have as many values.
    if (found !== count) bounds = bounds.slice(0, 2 * (count = found));
    return { bytes, bounds };
  };
}

function grown(bounds: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * bounds.length + 2);
  larger.set(bounds);
  return larger;
}

const isPacket = (packet: unknown): packet is Packet =>
  typeof packet === "object" &&
  packet !== null &&
  "buffer" in packet &&
  packet.buffer instanceof Uint8Array &&
  "offset" in packet &&
  typeof packet.offset === "number" &&
  "end" in packet &&
  typeof packet.end === "number";
