import { createHash } from "node:crypto";
import { deflateRawSync, crc32, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isFailure } from "../../core/model/failures.ts";
import { Container, type ContainerFacts } from "./container.ts";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, name = "a.log.gz", size = 7): Promise<{ text: string; facts: ContainerFacts }> {
  const container = new Container(inPieces(bytes, size), name);
  const chunks: Buffer[] = [];
  for await (const chunk of container.text()) chunks.push(chunk);
  if (container.facts === undefined) throw new Error("no facts");
  return { text: Buffer.concat(chunks).toString(), facts: container.facts };
}

async function codeOf(bytes: Uint8Array, name?: string, size?: number): Promise<string> {
  const error: unknown = await read(bytes, name, size).catch((thrown: unknown) => thrown);
  return isFailure(error) ? `${error.name} ${error.code}` : "accepted";
}

async function drain(container: Container): Promise<void> {
  for await (const chunk of container.text()) expect(chunk.length).toBeGreaterThan(0);
}

const TEXT = '{"a":1}\n{"b":2}\nno newline';
const GZ = gzipSync(TEXT);

/** A member with every optional part of the header. */
function fullHeader(text: string): Buffer {
  const body = deflateRawSync(text);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(text), 0);
  trailer.writeUInt32LE(Buffer.byteLength(text), 4);
  const head = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 1, 2, 3, 4, 0, 3, 3, 0, 9, 9, 9]);
  return Buffer.concat([head, Buffer.from("name\0a comment\0"), Buffer.from([0, 0]), body, trailer]);
}

test("facts of a file", async () => {
  const { text, facts } = await read(GZ);
  const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
  expect(text).toBe(TEXT);
  expect(facts).toEqual({
    ...{ kind: "gzip", compressedSha256: sha256(GZ), compressedBytes: GZ.length, members: 1, paddingBytes: 0 },
    ...{ sha256: sha256(TEXT), bytes: TEXT.length, newlines: 2, bytesAfterLastNewline: 10 },
  });
});

test("members, headers, padding", async () => {
  const many = Buffer.concat([GZ, fullHeader("x\n"), gzipSync(""), GZ, Buffer.alloc(5)]);
  for (const size of [1, 2, 3, 1_000_000]) {
    const { text, facts } = await read(many, "a.gz", size);
    expect([text, facts.members, facts.paddingBytes]).toEqual([`${TEXT}x\n${TEXT}`, 4, 5]);
  }
});

test("plain text by the name, gzip by the bytes", async () => {
  expect((await read(Buffer.from(TEXT), "a.log")).text).toBe(TEXT);
  expect((await read(GZ, "a.log")).text).toBe(TEXT);
  expect((await read(Buffer.alloc(0), "a.log")).facts.bytes).toBe(0);
  expect(await codeOf(Buffer.from(TEXT), "a.log.gz")).toBe("Malformed not_gzip");
  expect(await codeOf(Buffer.alloc(0), "a.log.GZ")).toBe("Malformed empty_object");
});

test("every cut of a file is noticed", async () => {
  const two = Buffer.concat([GZ, GZ]);
  for (let length = 3; length < two.length; length += 1) {
    const expected =
      length === GZ.length
        ? "accepted"
        : length === GZ.length + 1
          ? "Malformed trailing_bytes"
          : "Malformed gzip_truncated";
    expect([length, await codeOf(two.subarray(0, length), "a.gz", 10)]).toEqual([length, expected]);
  }
});

test("every broken byte behind the header is noticed, unless the text is the same", async () => {
  for (let at = 10; at < GZ.length; at += 1) {
    const broken = Buffer.from(GZ);
    broken[at] = (broken[at] ?? 0) ^ 0x10;
    const code = await codeOf(broken);
    // The last bits of the compressed data mean nothing.
    if (code === "accepted") expect((await read(broken)).text).toBe(TEXT);
    else expect(code).toMatch(/^Malformed (gzip_crc|gzip_truncated|trailing_bytes)$/);
  }
});

test("bytes behind the last member", async () => {
  expect(await codeOf(Buffer.concat([GZ, Buffer.from("garbage")]))).toBe("Malformed trailing_bytes");
  expect(await codeOf(Buffer.concat([GZ, Buffer.alloc(100), Buffer.from("x")]))).toBe("Malformed trailing_bytes");
});

test("the hash of a damaged object is of all its bytes", async () => {
  const damaged = Buffer.concat([GZ, Buffer.from("garbage, and more garbage")]);
  const container = new Container(inPieces(damaged, 5), "a.gz");
  await expect(drain(container)).rejects.toThrow("follow the last gzip member");
  expect(container.object()).toEqual({
    compressedSha256: createHash("sha256").update(damaged).digest("hex"),
    compressedBytes: damaged.length,
  });
});

test("any text in any members and pieces comes out as it went in", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 90 }),
      async (parts, size) => {
        const { text, facts } = await read(Buffer.concat(parts.map((part) => gzipSync(part))), "a.gz", size);
        expect([text, facts.members]).toEqual([Buffer.from(parts.join("")).toString(), parts.length]);
      },
    ),
    { numRuns: 50 },
  );
});

test("a source that fails is no damaged file", async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield GZ.subarray(0, 15);
    throw new Error("connection lost");
  };
  await expect(drain(new Container(failing(), "a.gz"))).rejects.toThrow("connection lost");
});

test("of a gzip that was cut anywhere, salvage gives the complete lines and nothing else", async () => {
  const lines = Array.from(
    { length: 300 },
    (_, at) => `${createHash("sha256").update(String(at)).digest("hex")}\n`,
  ).join("");
  const bytes = Buffer.concat([gzipSync(lines.slice(0, 5_000)), gzipSync(lines.slice(5_000))]);
  for (let end = 2; end < bytes.length; end += 97) {
    const container = new Container(inPieces(bytes.subarray(0, end), 500), "a.gz", { salvage: true });
    const chunks: Buffer[] = [];
    for await (const chunk of container.text()) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    expect(lines.startsWith(text) && /^(.*\n)?$/s.test(text)).toBe(true);
    const { facts } = container;
    expect(facts).toMatchObject({ bytesAfterLastNewline: 0, bytes: text.length, compressedBytes: end });
    // A cut between two members is none that the container shows.
    if (facts?.cut === undefined) expect(facts?.members).toBe(1);
  }
  const whole = new Container(inPieces(GZ, 7), "a.gz", { salvage: true });
  const all: Buffer[] = [];
  for await (const chunk of whole.text()) all.push(chunk);
  expect([Buffer.concat(all).toString(), whole.facts?.cut]).toEqual([TEXT, undefined]);
});
