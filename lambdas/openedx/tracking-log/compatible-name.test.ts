import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { text } from "node:stream/consumers";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { compatibleKey, putCompatible } from "./compatible-name.ts";

it.each([
  [undefined, undefined],
  ["valid", "edxorg/raw_data/tracking_logs/valid/2026-01-05/mitx-edx-events-2026-01-05.log.gz"],
  ["normalized", "edxorg/raw_data/tracking_logs/normalized_mitx-edx-events-2026-01-05.log.gz"],
] as const)("%s: %s", (alsoAs, key) => {
  const source = { asset: "edxorg/raw_data/tracking_logs", ...(alsoAs === undefined ? {} : { alsoAs }) };
  const landed = "sources/edxorg-gcs-archives/COLD/mitx-edx-events-2026-01-05.log.gz";
  expect(compatibleKey(source, "2026-01-05", landed)).toBe(key);
});

it("names the newest content, and is written only when that changes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-names-"));
  const objects = embeddedObjects(folder);
  try {
    const versions: (string | undefined)[] = [];
    for (const body of ["one", "one", "two"]) {
      await objects.put("landing", "made", body);
      await putCompatible({ objects }, "landing", "made", "valid/made");
      expect(await text(await objects.get({ bucket: "landing", key: "valid/made" }))).toBe(body);
      versions.push((await objects.head({ bucket: "landing", key: "valid/made" }))?.versionId);
    }
    expect(versions[1]).toBe(versions[0]);
    expect(versions[2]).not.toBe(versions[0]);
  } finally {
    objects.close();
    rmSync(folder, { recursive: true });
  }
});
