import { describe, expect, it } from "vitest";
import { crc32c, crc32cText } from "./crc32c.ts";

/** Bit by bit. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe("CRC-32C", () => {
  // RFC 3720, B.4.
  it.each([
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
    [Buffer.from("123456789"), 0xe3069283],
    [Buffer.alloc(0), 0],
  ])("%#", (bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  it("goes on from any place, and of any piece of memory", () => {
    const bytes = Buffer.from(Array.from({ length: 1_003 }, (_, at) => (at * 7 + (at >> 3)) & 0xff));
    for (let cut = 0; cut <= bytes.length; cut += 17) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(slowly(bytes));
    }
  });

  it("is written as Google writes it", () => {
    expect(crc32cText(crc32c(Buffer.from("123456789")))).toBe("4waSgw==");
    expect(crc32cText(0)).toBe("AAAAAA==");
  });
});
