import { randomBytes } from "node:crypto";
import { queryObjects } from "node:v8";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { makeTar } from "../../test/standins/make-tar.ts";
import { ByteSource } from "./byte-source.ts";
import { gunzip, GZIP_MAGIC } from "./gunzip.ts";
import { readTar } from "./read-tar.ts";

const PIECES = 4_000;
/** Of whatever else runs; one that is kept for each piece would be thousands. */
const NOISE = 200;

/** Collects garbage first. */
const promises = (): number => queryObjects(Promise, { format: "count" });

/** How many more promises there are at the end of the bytes than at their beginning. */
async function kept(bytes: Buffer, read: (pieces: AsyncIterable<Buffer>) => Promise<unknown>): Promise<number> {
  let [first, last] = [0, 0];
  const size = Math.ceil(bytes.length / PIECES);
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) {
      if (at === 10 * size) first = promises();
      if (at + size >= bytes.length) last = promises();
      yield bytes.subarray(at, at + size);
    }
  };
  await read(pieces());
  return last - first;
}

it("a tar is read in memory that does not grow with it", async () => {
  const tar = await makeTar([{ name: "a", text: Buffer.alloc(4_000_000) }]);
  const more = await kept(tar, (pieces) =>
    readTar(pieces, async (_header, body) => {
      for await (const chunk of body) void chunk;
    }),
  );
  expect(more).toBeLessThan(NOISE);
});

it("a gzip is read in memory that does not grow with it", async () => {
  const gzip = gzipSync(randomBytes(80_000_000), { level: 0 }).subarray(GZIP_MAGIC.length);
  const more = await kept(gzip, async (pieces) => {
    for await (const chunk of gunzip(new ByteSource(pieces), { members: 0, paddingBytes: 0 })) void chunk;
  });
  expect(more).toBeLessThan(NOISE);
});
