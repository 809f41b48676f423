import { describe, expect, test } from "vitest";
import { assertAccounted } from "./normalise-file.ts";

const facts = { newlines: 9, bytesAfterLastNewline: 4 };
const counts = { lines: 10, quarantined: 2, blank: 1 };
const parts = [{ rows: 4 }, { rows: 3 }];

describe("lines = rows + quarantined + blank", () => {
  test("holds of a file whose last line has no ending", () => {
    expect(() => assertAccounted(facts, counts, parts)).not.toThrow();
  });

  test.each([
    ["a row that the engine has not read", facts, counts, [{ rows: 6 }]],
    ["a row too many", facts, counts, [{ rows: 8 }]],
    ["a newline that was judged by nobody", { ...facts, newlines: 10 }, counts, parts],
    ["a line that is in no file", { ...facts, bytesAfterLastNewline: 0 }, counts, parts],
    ["a quarantined line that is counted nowhere", facts, { ...counts, quarantined: 1 }, parts],
  ])("does not hold with %s: nothing is published", (_, ...found) => {
    expect(() => assertAccounted(...found)).toThrow(
      expect.objectContaining({ name: "Malformed", code: "accounting_mismatch" }),
    );
  });
});
