import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { fileOf, linkFile, settle, spool, sweepOrphans } from "./object-files.ts";
import { openObjectIndex } from "./object-index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-files-"));
  return () => rmSync(folder, { recursive: true });
});

it("takes no file for an orphan that was given away or linked just now, however long ago it was written", async () => {
  const db = openObjectIndex(folder);
  const given = join(folder, "given");
  writeFileSync(given, "bytes");
  utimesSync(given, new Date(0), new Date(0));
  const spooled = await spool(folder, { path: given, digest: "d" });
  const [file, copy] = [fileOf("bucket", "key", "11"), fileOf("bucket", "copy", "22")];
  // Neither has a name in the index before its put or copy ends.
  expect(await sweepOrphans(folder, db)).toBe(0);
  await settle(folder, spooled, file);
  await linkFile(folder, file, copy);
  expect(await sweepOrphans(folder, db)).toBe(0);
  expect([existsSync(join(folder, file)), existsSync(join(folder, copy))]).toEqual([true, true]);
  expect(await sweepOrphans(folder, db, { olderThanMs: -60_000 })).toBe(2);
  db.close();
});
