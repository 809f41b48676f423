import fc from "fast-check";
import { expect, it } from "vitest";
import { KeyIndex } from "./key-index.ts";

it("finds each of its keys at a place of its own, with its bits, and no other key", () => {
  const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.nat({ max: 7 })), { selector: ([key]) => key });
  fc.assert(
    fc.property(entries, fc.string(), (known, other) => {
      const index = new KeyIndex("salt");
      for (const [key, bits] of known) index.add(key, bits);
      const places = known.map(([key, bits]) => {
        const at = index.find(key) ?? -1;
        expect(index.bitsAt(at)).toBe(bits);
        return at;
      });
      expect(places.toSorted((a, b) => a - b)).toEqual(known.map((_, place) => place));
      expect(index.find(other) !== undefined).toBe(known.some(([key]) => key === other));
    }),
  );
});

it("grows", () => {
  const index = new KeyIndex("salt");
  for (let key = 0; key < 5_000; key += 1) index.add(`key-${key}`, key % 8);
  expect(index.size).toBe(5_000);
  for (const key of [0, 1_023, 1_024, 4_999]) expect(index.bitsAt(index.find(`key-${key}`) ?? -1)).toBe(key % 8);
  expect(index.find("key-5000")).toBeUndefined();
});
