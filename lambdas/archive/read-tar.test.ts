import { describe, expect, it } from "vitest";
import { buffer, text } from "node:stream/consumers";
import { Readable } from "node:stream";
import { readTar, refuseType } from "./read-tar.ts";
import { makeTar } from "../../test/standins/make-tar.ts";

/** One block as any tar has it; formats differ in what follows the checksum and the name of a link. */
function header(name: string, size: number, { type = "0", format = "", more = false } = {}): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write(`0000644\0${"0000000\0".repeat(2)}${size.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0`, 100);
  block.write(`        ${type}`, 148);
  block.write(format, 257);
  if (more) block[482] = 1;
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
const padded = (body: string): Buffer =>
  Buffer.concat([Buffer.from(body), Buffer.alloc(-Buffer.byteLength(body) & 511)]);
const END = Buffer.alloc(1_024);
const GNU = "ustar  \0";

/** Byte by byte, or in one piece. */
async function read(tar: Buffer, pieceBytes = tar.length): Promise<readonly (readonly [string, string])[]> {
  const members: [string, string][] = [];
  const pieces = Array.from({ length: Math.ceil(tar.length / pieceBytes) }, (_, index) =>
    tar.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  await readTar(Readable.from(pieces), async (found, body) => {
    const content = await text(Readable.from(body));
    refuseType(found);
    members.push([found.name, found.type === "directory" ? "a folder" : content]);
  });
  return members;
}

describe("a tar", () => {
  it.each([
    ["of before POSIX", [header("a/", 0), header("a/b", 3, { type: "\0" }), padded("old")], ["a/", "a/b"]],
    [
      "with GNU's long names",
      [
        header("././@LongLink", 151, { type: "L", format: GNU }),
        padded(`${"d".repeat(147)}/ef\0`),
        ...[header("cut", 3, { format: GNU }), padded("new")],
      ],
      [`${"d".repeat(147)}/ef`],
    ],
    ["that is two, one behind the other", [header("a", 1), padded("1"), END, header("b", 1), padded("2")], ["a", "b"]],
  ])("%s is read", async (_, blocks, names) => {
    const tar = Buffer.concat([...blocks, END]);
    expect((await read(tar)).map(([name]) => name)).toEqual(names);
    expect(await read(tar, 97)).toEqual(await read(tar));
  });

  it("with a sparse file of many pieces is read behind it, and a member that looks like one is as it was", async () => {
    const map = (more: number) => Buffer.alloc(512).fill(more, 504, 505);
    const sparse = header("sparse", 3, { type: "S", format: GNU, more: true });
    const looksLikeOne = Buffer.concat([sparse, map(1), header("x", 0)]).toString("latin1");
    const pax = padded("20 size=00000001536\n");
    const tar = Buffer.concat([
      ...[sparse, map(1), map(0), padded("abc"), header("after", 5), padded("after")],
      // The size that counts is in its attributes.
      ...[
        header("pax", 20, { type: "x", format: "ustar\u000000" }),
        pax,
        header("decoy", 0, { format: "ustar\u000000" }),
      ],
      ...[Buffer.from(looksLikeOne, "latin1"), header("last", 1), padded("!"), END],
    ]);
    for (const pieceBytes of [1, 97, 512, 700, tar.length]) {
      const found: string[] = [];
      const pieces = Array.from({ length: Math.ceil(tar.length / pieceBytes) }, (_, index) =>
        tar.subarray(index * pieceBytes, (index + 1) * pieceBytes),
      );
      await readTar(Readable.from(pieces), async ({ name }, body) => {
        const content = (await buffer(Readable.from(body))).toString("latin1");
        found.push(`${name} ${content === looksLikeOne ? "as it was" : content}`);
      });
      expect(found).toEqual(["sparse abc", "after after", "decoy as it was", "last !"]);
    }
  });

  it("has folders also where only their names say so", async () => {
    expect(await read(Buffer.concat([header("a/", 0), END]))).toEqual([["a/", "a folder"]]);
  });

  it("has names of any length and script", async () => {
    const names = [`${"x".repeat(60)}/${"y".repeat(90)}`, `é/${"z".repeat(300)}`, "漢字"];
    expect(await read(await makeTar(names.map((name) => ({ name, text: name }))))).toEqual(
      names.map((name) => [name, name]),
    );
  });

  it("whose bytes are none is refused", async () => {
    await expect(read(Buffer.alloc(1_024, "x"))).rejects.toMatchObject({ name: "Malformed", code: "tar_corrupt" });
  });

  it.each(["S", "1", "2", "3", "4", "6", "M", "V"])("with a member of type %s has it refused", async (type) => {
    await expect(read(Buffer.concat([header("x", 0, { type, format: GNU }), END]))).rejects.toMatchObject({
      name: "Malformed",
      code: /^[12]$/.test(type) ? "unsafe_link" : "unsafe_member_type",
    });
  });
});
