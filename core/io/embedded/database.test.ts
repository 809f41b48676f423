import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixEnd } from "./database.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text);

describe("the end of a prefix", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "z", "\u007f", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
  });

  it("is above every text with the prefix and not above any other that follows", () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = prefixEnd(prefix);
        const inRange =
          Buffer.compare(bytesOf(prefix), bytesOf(other)) <= 0 &&
          (end === undefined || Buffer.compare(bytesOf(other), bytesOf(end)) < 0);
        expect(inRange).toBe(other.startsWith(prefix));
        if (end !== undefined) expect(Buffer.compare(bytesOf(prefix + other), bytesOf(end))).toBe(-1);
      }),
    );
  });
});
