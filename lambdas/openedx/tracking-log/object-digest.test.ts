import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ObjectHead } from "../../../core/io/ports.ts";
import { digestObject } from "./object-digest.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-digest-"));
  writeFileSync(join(folder, "bytes"), "five\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const sha256 = createHash("sha256").update("five\n").digest("hex");
const digest = (stated: Partial<ObjectHead>, attempt = 0) => {
  const head: ObjectHead = {
    ...{ bucket: "b", key: "k", versionId: "1", etag: "e", sizeBytes: 5, lastModified: new Date(0), metadata: {} },
    ...stated,
  };
  return digestObject(join(folder, "bytes"), head, attempt);
};

test("bytes have the length and the checksum that their store states", async () => {
  expect(await digest({})).toBe(sha256);
  expect(await digest({ metadata: { sha256: sha256.toUpperCase() } })).toBe(sha256);
});

test.each([
  ["length_mismatch", { sizeBytes: 6 }],
  ["checksum_mismatch", { metadata: { sha256: "0".repeat(64) } }],
])("%s is worth one more read, and then it is the object", async (code, stated) => {
  await expect(digest(stated)).rejects.toMatchObject({ name: "Transient", code });
  await expect(digest(stated, 1)).rejects.toMatchObject({ name: "Malformed", code });
});
