import { expect, test } from "vitest";
import { domains } from "../../state-machines/index.ts";
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
  ["tracking_log", "edxorg", "a.log", "2026-02-01", "sources/edxorg-gcs-archives/COLD/2026-02-01/a.log"],
  [
    "course_archive",
    "xpro",
    "dir/course-v1:A+B+C.tar.gz",
    undefined,
    "sources/course-exports-xpro/course-v1:A+B+C.tar.gz",
  ],
  ["archive", "edxorg", "/x/mitx-2026-01-15.tar.gz", undefined, "sources/edxorg-archives/mitx-2026-01-15.tar.gz"],
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

test("a course export must be named like an archive", () => {
  expect(() => landingKey("course_archive", "xpro", "course.xml")).toThrow(/not named like a course export/);
});

test.each(["mitx.tar.gz", "mitx-2026-01-15.tar", "mitx-2026-01-15.log.gz"])("%s is no weekly archive", (path) => {
  expect(() => landingKey("archive", "edxorg", path)).toThrow(/not named like a weekly archive/);
});

test("edxorg has no course exports of its own, and an unknown kind is refused", () => {
  expect(() => landingKey("course_archive", "edxorg", "a.tar.gz")).toThrow(/no deployment "edxorg" for course_archive/);
  expect(() => landingKind("video")).toThrow(/no kind of input/);
});

test("every declared landing trigger is met by one of the keys", () => {
  const triggers = domains.flatMap(({ pipeline }) => pipeline.triggers).filter((trigger) => trigger.kind === "landing");
  expect(triggers.length).toBeGreaterThan(0);
  for (const { job, prefix } of triggers) {
    const kind = landingKind(job);
    const keys = ["mitx", "mitxonline", "xpro", "edxorg"].flatMap((deployment) => {
      try {
        return [landingKey(kind, deployment, "mitx-2026-01-15.tar.gz")];
      } catch {
        return [];
      }
    });
    expect(
      keys.filter((key) => key.startsWith(prefix)),
      prefix,
    ).toHaveLength(1);
  }
});
