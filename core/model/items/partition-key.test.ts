import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partitionParts, partitionProblem, partitionText } from "./partition-key.ts";

const key = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => partitionProblem(text) === undefined);
const tuple = fc.array(fc.oneof(key, fc.constantFrom("a|b", "100%", "%7C", "%25", "a")), {
  minLength: 1,
  maxLength: 3,
});

describe("a partition key", () => {
  it.each(["course-v1:MITx+6.00x+1T2024", "MITx/6.00x/2013_Spring", "2026-01-15", "a..b", "ü😀", "a.. /b"])(
    "may be %j",
    (text) => expect(partitionProblem(text)).toBeUndefined(),
  );

  it.each([
    ["", "it is empty"],
    ["a\u0000b", "it holds a control character"],
    ["a\u007f", "it holds a control character"],
    ["/a", "it starts or ends with a slash"],
    ["a/", "it starts or ends with a slash"],
    ["a//b", "it holds an empty segment"],
    ["a...b", "it holds three dots"],
    ["a/../b", 'it holds a segment ".."'],
    ["..", 'it holds a segment ".."'],
    ["\ud800", "it is not well-formed Unicode"],
    ["é".repeat(257), "it has 514 bytes, more than 512"],
  ])("may not be %j", (text, problem) => expect(partitionProblem(text)).toBe(problem));

  it("of several parts keeps them apart, whatever they hold", () => {
    fc.assert(
      fc.property(tuple, tuple, (left, right) => {
        const text = partitionText(left);
        expect(partitionParts(text, left.length)).toEqual(left);
        if (left.length === right.length && partitionText(right) === text) expect(right).toEqual(left);
      }),
    );
  });

  it.each([
    ["a|b", 3],
    ["a", 2],
    ["a|", 2],
    ["a|100%", 2],
    ["a|b//c", 2],
    ["", 1],
  ])("%j is none of %i parts", (text, dimensions) => {
    expect(() => partitionParts(text, dimensions)).toThrow(
      expect.objectContaining({ name: "Malformed", code: "partition_invalid" }),
    );
  });
});
