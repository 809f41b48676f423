import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { OutputSpool } from "./output-spool.ts";
import { PIECE_BYTES, takesDirectWrites, WritePieces } from "./write-pieces.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-spool-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pieces = new WritePieces();
const SIZES = [0, 1, 65_535, 65_536, 65_537, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 4 * PIECE_BYTES + 4_097];

describe.each([false, true])("a file of a spool, direct: %s", (direct) => {
  it.each(SIZES)("holds its %i bytes, whatever the chunks", async (size) => {
    const bytes = randomBytes(size);
    for (const step of [7_919, 300_000, size + 1]) {
      const path = join(folder, `${size}-${step}-${direct}`);
      const spool = new OutputSpool(path, { pieces, direct });
      for (let at = 0; at < size; at += step) {
        const chunk = Buffer.from(bytes.subarray(at, at + step));
        await spool.write(chunk);
        chunk.fill(0);
      }
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      expect(await spool.finish()).toEqual({ path, sha256, sizeBytes: size });
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  it("gives its memory back when it is removed, and when its place is taken", async () => {
    const before = readdirSync(folder);
    for (let turn = 0; turn < 5; turn += 1) {
      const spool = new OutputSpool(join(folder, "gone"), { pieces, direct });
      await spool.write(randomBytes(PIECE_BYTES + 1));
      await spool.remove();
    }
    expect(readdirSync(folder)).toEqual(before);
    const path = join(folder, `taken-${direct}`);
    await new OutputSpool(path, { pieces, direct }).finish();
    for (let turn = 0; turn < 5; turn += 1) {
      const spool = new OutputSpool(path, { pieces, direct });
      await expect(spool.write(randomBytes(PIECE_BYTES))).rejects.toMatchObject({ code: "EEXIST" });
    }
  });
});

it("finds out where files cannot be written past the page cache", async () => {
  const before = readdirSync(folder);
  expect(await takesDirectWrites(join(folder, "absent"))).toBe(false);
  expect(await takesDirectWrites("/proc")).toBe(false);
  await takesDirectWrites(folder);
  expect(readdirSync(folder)).toEqual(before);
});
