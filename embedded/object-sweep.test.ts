import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import { startObjectSweep } from "./object-sweep.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-sweep-"));
  return () => rmSync(folder, { recursive: true });
});

const swept = async (options?: { readonly olderThanMs: number }): Promise<string[]> => {
  const told: string[] = [];
  const sweep = startObjectSweep(folder, (message) => told.push(message), options);
  await expect.poll(() => told.length > 0 || options === undefined).toBe(true);
  await sweep.stop();
  return told;
};

it("removes what a killed worker left and nothing that is an object, and leaves young files alone", async () => {
  const objects = embeddedObjects(folder);
  await objects.put("bucket", "key", "bytes");
  objects.close();
  const orphans = [join(folder, "objects/spool/1"), join(folder, "objects/bucket/ab/orphan.txt")];
  mkdirSync(join(folder, "objects/bucket/ab"), { recursive: true });
  for (const orphan of orphans) writeFileSync(orphan, "left");
  expect(await swept()).toEqual([]);
  expect(orphans.map((orphan) => existsSync(orphan))).toEqual([true, true]);
  expect(await swept({ olderThanMs: -60_000 })).toEqual(["Removed files of killed workers: 2."]);
  expect(orphans.map((orphan) => existsSync(orphan))).toEqual([false, false]);
  const again = embeddedObjects(folder);
  expect(await again.head({ bucket: "bucket", key: "key" })).toMatchObject({ sizeBytes: 5 });
  expect(existsSync(await again.sqlUri({ bucket: "bucket", key: "key" }))).toBe(true);
  again.close();
});
