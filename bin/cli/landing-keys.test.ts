import { expect, test } from "vitest";
import { landingKey, landingKind } from "./landing-keys.ts";

test.each([
  [
    "tracking_log",
    "mitxonline",
    "/x/tracking.log-2026-01-15.gz",
    undefined,
    "sources/tracking-mitxonline/logs/2026-01-15/tracking.log-2026-01-15.gz",
  ],
  ["tracking_log", "mitx", "a+b.log", "2026-02-01", "sources/tracking-mitx/logs/2026-02-01/a+b.log"],
  [
    "tracking_log",
    "edxorg",
    "mitx-edx-events-2026-01-15.log.gz",
    undefined,
    "sources/edxorg-gcs-archives/COLD/mitx-edx-events-2026-01-15.log.gz",
  ],
  [
    "course_archive",
    "xpro",
    "dir/course-v1:A+B+C.tar.gz",
    undefined,
    "sources/course-exports-xpro/course-v1:A+B+C.tar.gz",
  ],
] as const)("%s of %s: %s", (kind, deployment, path, date, key) => {
  expect(landingKey(kind, deployment, path, date)).toBe(key);
});

test("a name without a date lands today", () => {
  expect(landingKey("tracking_log", "mitx", "tracking-99999-99-99.log")).toContain(
    new Date().toISOString().slice(0, 10),
  );
});

test.each(["nowhere", "__proto__", "constructor"])("the deployment %s is refused", (deployment) => {
  expect(() => landingKey("tracking_log", deployment, "a.log")).toThrow(/no deployment/);
});

test.each(["2026-02-30", "yesterday", "2026-1-5", ""])("the date %j is refused", (date) => {
  expect(() => landingKey("tracking_log", "mitx", "a.log", date)).toThrow(/no date/);
});

test("edxorg has no course exports of its own, and an unknown kind is refused", () => {
  expect(() => landingKey("course_archive", "edxorg", "a.tar.gz")).toThrow(/mitx, mitxonline, xpro/);
  expect(() => landingKind("video")).toThrow(/tracking_log, course_archive/);
});
