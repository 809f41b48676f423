import fc from "fast-check";
import { expect, it } from "vitest";
import { partitionText } from "../../core/model/items/partition-key.ts";
import { keyProblem } from "../../core/model/partitioning.ts";
import { partitionLabel, partsOf, readPartition, readPrefix } from "./partition-names.ts";

const tuple = { kind: "tuple", dimensions: ["course", "source"] } as const;
const dynamic = { kind: "dynamic" } as const;

it("reads every tuple as it is printed, and as it is kept", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "|", "%", "7C", "/", "é", " "), minLength: 1 });
  fc.assert(
    fc.property(part, part, (course, source) => {
      const key = partitionText([course, source]);
      fc.pre(keyProblem(tuple, key) === undefined);
      expect(readPartition(partitionLabel(key, tuple), tuple)).toBe(key);
      expect(partsOf(key, tuple)).toEqual([course, source]);
      // With blanks at both ends of the separator it is read as it is printed.
      if (!key.includes(" | ")) expect(readPartition(key, tuple)).toBe(key);
    }),
  );
});

it("prints and reads every other key as it is", () => {
  expect(partitionLabel("a|b", dynamic)).toBe("a|b");
  expect(readPartition("a | b", dynamic)).toBe("a | b");
  expect(partsOf("a|b", dynamic)).toBeUndefined();
  expect(readPrefix("a | ", dynamic)).toBe("a | ");
});

it("begins where the first part ends", () => {
  for (const given of ["MITx | ", "MITx |", "MITx|"]) expect(readPrefix(given, tuple)).toBe("MITx|");
  expect(readPrefix("MITx", tuple)).toBe("MITx");
});

it.each([
  ["one", tuple, /Write it in quotes as "course \| source"/],
  ["a | b | c", tuple, /Write it in quotes/],
  ["a//b", dynamic, /List what there is/],
  ["2026-02-30", { kind: "daily", from: { dev: "2026-01-01" }, timeZone: "UTC" } as const, /List what there is/],
])("refuses %j and says what to write", (given, partitioning, hint) => {
  expect(() => readPartition(given, partitioning)).toThrow(
    expect.objectContaining({
      code: "partition_invalid",
      info: expect.objectContaining({ hint: expect.stringMatching(hint) }),
    }),
  );
});
