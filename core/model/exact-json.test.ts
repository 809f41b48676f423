import fc from "fast-check";
import { expect, test } from "vitest";
import { formatJson, parseJson } from "./exact-json.ts";

test("keeps every 64-bit id digit for digit", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
      const text = `{"snapshot-id":${id},"list":[${id}]}`;
      expect(formatJson(parseJson(text))).toBe(text);
    }),
  );
});

test("reads everything else as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), (text) => {
      fc.pre(!/\d{16}/.test(text));
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(parseJson("[1e400, 1.5, -0]")).toEqual([Infinity, 1.5, -0]);
});
