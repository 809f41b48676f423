import { describe, expect, test } from "vitest";
import { matchesPattern } from "./pattern.ts";

const event = {
  source: "aws.s3",
  "detail-type": "Object Created",
  detail: {
    bucket: { name: "landing" },
    object: { key: "sources/tracking-mitx/logs/2026-01-15/a+b.log.gz", size: 12, etag: "" },
    address: "10.1.2.3",
    tags: ["a", "b"],
    empty: null,
  },
};
const key = (rule: unknown) => ({ detail: { object: { key: [rule] } } });

const cases: readonly (readonly [string, object, boolean])[] = [
  ["an exact value", { source: ["aws.s3"] }, true],
  ["another value", { source: ["aws.ec2"] }, false],
  ["any of several values", { source: ["x", "aws.s3"] }, true],
  ["a number is not its text", { detail: { object: { size: ["12"] } } }, false],
  ["all fields are needed", { source: ["aws.s3"], "detail-type": ["Object Deleted"] }, false],
  ["prefix", key({ prefix: "sources/tracking-mitx/" }), true],
  ["prefix that differs in case", key({ prefix: "SOURCES/" }), false],
  ["prefix without case", key({ prefix: { "equals-ignore-case": "SOURCES/" } }), true],
  ["suffix", key({ suffix: ".gz" }), true],
  ["wildcard with a plus in the key", key({ wildcard: "sources/*/logs/*/a+b.log.*" }), true],
  ["wildcard is anchored", key({ wildcard: "tracking*" }), false],
  ["a dot in a wildcard is a dot", key({ wildcard: "*alogagz" }), false],
  ["equals-ignore-case", { source: [{ "equals-ignore-case": "AWS.S3" }] }, true],
  ["anything-but a value", { source: [{ "anything-but": "aws.s3" }] }, false],
  ["anything-but a list", { source: [{ "anything-but": ["a", "b"] }] }, true],
  ["anything-but a prefix", key({ "anything-but": { prefix: "lakehouse/" } }), true],
  ["anything-but prefixes", key({ "anything-but": { prefix: ["x/", "sources/"] } }), false],
  ["anything-but of an absent field", { detail: { nothing: [{ "anything-but": "x" }] } }, false],
  ["numeric range", { detail: { object: { size: [{ numeric: [">", 0, "<=", 12] }] } } }, true],
  ["numeric outside", { detail: { object: { size: [{ numeric: ["<", 12] }] } } }, false],
  ["exists", { detail: { object: { key: [{ exists: true }] } } }, true],
  ["does not exist", { detail: { nothing: [{ exists: false }] } }, true],
  ["exists is for leaves", { detail: { object: [{ exists: true }] } }, false],
  ["null", { detail: { empty: [null] } }, true],
  ["null is not absent", { detail: { nothing: [null] } }, false],
  ["the empty text", { detail: { object: { etag: [""] } } }, true],
  ["one element of an array", { detail: { tags: ["b"] } }, true],
  ["cidr", { detail: { address: [{ cidr: "10.0.0.0/8" }] } }, true],
  ["cidr outside", { detail: { address: [{ cidr: "192.168.0.0/16" }] } }, false],
  ["$or", { $or: [{ source: ["x"] }, { detail: { object: { size: [12] } } }] }, true],
  ["$or beside a field that fails", { "detail-type": ["x"], $or: [{ source: ["aws.s3"] }] }, false],
];

describe("event patterns", () => {
  test.each(cases)("%s", (_, pattern, expected) => {
    expect(matchesPattern(JSON.parse(JSON.stringify(pattern)), event)).toBe(expected);
  });

  test("an operator that nobody documents is refused", () => {
    expect(() => matchesPattern({ source: [{ like: "x" }] }, event)).toThrow(/like/);
  });
});
