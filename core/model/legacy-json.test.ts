import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatText, legacyJsonText, parseLegacyJson } from "./legacy-json.ts";

const again = (text: string): string => legacyJsonText(parseLegacyJson(text));

describe("legacy JSON form", () => {
  it("has the text and hash of the specification's vector", () => {
    const text = again('{"b":1.0,"a":"é","10":[true,null],"n":12345678901234567890}');
    expect(text).toBe('{"b": 1.0, "a": "\\u00e9", "10": [true, null], "n": 12345678901234567890}');
    expect(createHash("sha256").update(text).digest("hex")).toBe(
      "9a8259fcaa2c2b6381443b3a02f0544197d5fbb293b785e8ddb36378c7d5119c",
    );
  });

  it.each([
    ["1e-5", "1e-05"],
    ["0.0001", "0.0001"],
    ["1e16", "1e+16"],
    ["1e15", "1000000000000000.0"],
    ["123456789012345680.0", "1.2345678901234568e+17"],
    ["-0.0", "-0.0"],
    ["-0", "0"],
    ["0.1", "0.1"],
    ["1.5E+300", "1.5e+300"],
    ["5e-324", "5e-324"],
  ])("writes the number %s as %s", (input, output) => expect(again(input)).toBe(output));

  it("keeps a repeated key's first place and last value", () => {
    expect(again('{"a":1,"b":2,"a":3}')).toBe('{"a": 3, "b": 2}');
  });

  it("escapes in ASCII with short forms and lower-case surrogate pairs", () => {
    expect(again('"\\u007f😀\\b\\f\\n\\r\\t\\u0001\\/\\ud800"')).toBe(
      '"\\u007f\\ud83d\\ude00\\b\\f\\n\\r\\t\\u0001/\\ud800"',
    );
  });

  it.each(["", "{", "[1,]", '{"a" 1}', "01", "1.", "nul", '"\n"', '"\\x"', "1 2", "NaN", "+1"])("refuses %j", (text) =>
    expect(() => parseLegacyJson(text)).toThrow(/Not JSON at offset/),
  );

  it("refuses nesting that would exhaust the stack", () => {
    expect(() => parseLegacyJson("[".repeat(100_000))).toThrow(/nested deeper/);
  });

  it("reads back every JSON value and every double", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(again(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(floatText(value)), value)).toBe(true);
      }),
    );
  });
});
