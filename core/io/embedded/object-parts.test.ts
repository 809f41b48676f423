import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { joinParts, writePart } from "./object-parts.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-parts-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = ["first,", "second,", "third"].map((text) => Buffer.from(text));
const put = async (number: number, body = bytes[number - 1]!) => ({
  number,
  sizeBytes: body.length,
  receipt: await writePart(folder, number, body),
});
const joined = async (parts: Parameters<typeof joinParts>[1]): Promise<string> =>
  readFile((await joinParts(folder, parts)).path, "utf8");

it("goes on where a writer has died while it wrote a part", async () => {
  const first = await put(1);
  // Killed behind half of its bytes, before it could say where they end.
  await writeFile(join(folder, "2.claim"), "");
  const data = await open(join(folder, "data"), "r+");
  await data.write("sec", first.sizeBytes);
  await data.close();
  const parts = [first, await put(2), await put(3)];
  expect(await joined(parts)).toBe("first,second,third");
  // Completed once more, for the answer was lost.
  expect(await joined(parts)).toBe("first,second,third");
});

it("never mixes what two writers give for one part", async () => {
  const [first, one, other] = [await put(1), await put(2), await put(2, Buffer.from("other, "))];
  const third = await put(3);
  expect(await joined([first, one, third])).toBe("first,second,third");
  expect(await joined([first, other, third])).toBe("first,other, third");
});

it("lets nobody write behind the end of what was joined", async () => {
  const parts = [await put(1), await put(2)];
  const { path, digest } = await joinParts(folder, parts);
  await put(3);
  expect(await readFile(path, "utf8")).toBe("first,second,");
  const sums = bytes.slice(0, 2).map((body) => createHash("md5").update(body).digest());
  expect(digest).toBe(`${createHash("md5").update(Buffer.concat(sums)).digest("hex")}-2`);
});

it("leaves out a part that was put and is not named", async () => {
  const parts = [await put(1), await put(2)];
  await put(3);
  expect(await joined(parts)).toBe("first,second,");
});
