import { expect, test } from "vitest";
import { nameAgain, nameByHand } from "./run-names.ts";

const key = "sources/tracking-mitxonline/logs/2026-01-15/shard.log.gz";

test.each([
  [
    { job: "tracking_log", key },
    /^tracking_log-sources-tracking-mitxonline-logs-2026-01-15-shard-by-hand-[0-9a-f]{8}$/,
  ],
  [{ job: "build", all: true }, /^build-by-hand-[0-9a-f]{8}$/],
  [{ job: "x", partition: "course-v1:A+B+C" }, /^x-course-v1-A-B-C-by-hand-[0-9a-f]{8}$/],
  ["no object", /^run-by-hand-[0-9a-f]{8}$/],
])("a run by hand with %j says what it works on", (input, name) => {
  expect(nameByHand(input)).toMatch(name);
  expect(nameByHand(input)).not.toBe(nameByHand(input));
});

test("a run again says of what, however often it is repeated", () => {
  const first = nameAgain("tracking-logs-logs-2026-01-15-shard-56c03cfd090fa0ab-12");
  expect(first).toMatch(/^tracking-logs-logs-2026-01-15-shard-again-[0-9a-f]{8}$/);
  expect(nameAgain(first)).toMatch(/^tracking-logs-logs-2026-01-15-shard-again-[0-9a-f]{8}$/);
  expect(nameAgain("build-mitx-2026-01-15-39627d0abeee")).toMatch(/^build-mitx-2026-01-15-again-[0-9a-f]{8}$/);
  expect(nameAgain("build-by-hand-01234567")).toMatch(/^build-again-[0-9a-f]{8}$/);
});

test("names are legal, whatever they are made of", () => {
  const long = `${'é😀 /<>\\"'.repeat(20)}${"a".repeat(200)}`;
  for (const name of [nameByHand({ job: long, key: long }), nameAgain(long), nameAgain("")]) {
    expect(name).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
  }
});
