import { expect, test } from "vitest";
import { deployments } from "../sources/deployments.ts";
import { landedLog } from "./landed-key.ts";

test.each([
  ["sources/tracking-mitx/logs/2026-01-15/a.log.gz", "mitx", "2026-01-15"],
  ["sources/tracking-mitx/logs/2026-01-15/a+b 2025-12-31.log", "mitx", "2026-01-15"],
  ["sources/tracking-mitxonline/logs/tracking-2026-01-15.gz", "mitxonline", "2026-01-15"],
  ["sources/tracking-xpro/logs/2026-02-30/a.log", "xpro", undefined],
  ["sources/tracking-xpro/logs/a.log", "xpro", undefined],
  ["sources/tracking-xpro/logs/12026-01-15/a.log", "xpro", undefined],
  ["sources/edxorg-gcs-archives/COLD/mitx-edx-events-2026-01-15.log.gz", "edxorg", "2026-01-15"],
  ["sources/edxorg-gcs-archives/COLD/mitx-edx-events.log.gz", "edxorg", undefined],
])("%s is a log of %s on %s", (key, source, logDate) => {
  const landed = landedLog(key);
  expect([landed?.source.id, landed?.logDate]).toEqual([source, logDate]);
});

test.each([
  "sources/tracking-mitx/logs/",
  "sources/tracking-mitx/logs/2026-01-15/",
  "sources/tracking-mitx/2026-01-15.txt",
  "sources/tracking-other/logs/2026-01-15/a.log",
  "sources/edxorg-gcs-archives/mitx-2026-01-15.tar.gz",
  "mitx/openedx/raw_data/tracking_logs/2026-01-15/0.log.gz",
])("%s is none", (key) => expect(landedLog(key)).toBeUndefined());

test("every deployment's trigger leads to a source", () => {
  for (const { id, trackingPrefix } of deployments) {
    const name = id === "edxorg" ? "COLD/mitx-edx-events-2026-01-15.log" : "logs/2026-01-15/a.log";
    expect(landedLog(`${trackingPrefix}${name}`)?.source.id).toBe(id);
  }
});
