import { describe, expect, test } from "vitest";
import { rtfText } from "./rtf-text.ts";

const rtf = (body: string, head = "\\ansi\\ansicpg1252\\deff0"): Buffer =>
  Buffer.from(`{\\rtf1${head}{\\fonttbl{\\f0 Arial;}}{\\*\\generator Somebody;}${body}}`, "latin1");

describe("an RTF document", () => {
  test.each<[string, string, string]>([
    [
      "words, breaks and signs",
      "One \\b bold\\b0  word\\par\r\nnext\\line line\\tab x \\{y\\} a\\\\b co\\_op\\~z\\par",
      "One bold word\nnext\nline\tx {y} a\\b co-op z",
    ],
    ["letters of a code page", "gr\\'fcn \\'80", "grün €"],
    [
      "Unicode with what stands in for it",
      "\\u8364?\\u-10179\\'3f\\u-8704?{\\uc2\\u26085\\'93\\'fa\\u26412ab}c\\uc0\\u233d",
      "€😀日本céd",
    ],
    [
      "what is no text",
      "{\\pict\\wmetafile8 0a0b}{\\header up}{\\*\\bkmkstart mark}{\\field{\\*\\fldinst PAGE}{\\fldrslt 7}}",
      "7",
    ],
    ["bytes that look like groups", "a{\\object\\bin4 }}}}x}b", "ab"],
    ["a table", "\\trowd a\\cell b\\cell\\row c", "a\tb\nc"],
    ["half a pair", "a\\u-10179?b", "a\ufffdb"],
    ["nothing", "", ""],
  ])("is read: %s", (_, body, text) => expect(rtfText(rtf(body)).text).toBe(text));

  test("is read in the code page that it names, and in the usual one for one that nobody has", () => {
    expect(rtfText(rtf("\\'93\\'fa\\'96\\'7b", "\\ansi\\ansicpg932")).text).toBe("日本");
    expect(rtfText(rtf("\\'e9", "\\ansi\\ansicpg99999")).text).toBe("é");
    expect(rtfText(rtf("{\\info{\\title Kr\\'e4fte}{\\author A}}x"))).toEqual({ title: "Kräfte", text: "x" });
  });

  test.each([
    ["", /no RTF/],
    ["PK", /no RTF/],
    ["{\\rtf1 cut {\\b here", /is cut/],
    [`{\\rtf1${"{".repeat(2_000)}`, /nested deeper/],
  ])("says why it is none: %j", (source, reason) => {
    expect(() => rtfText(Buffer.from(source))).toThrow(reason);
  });
});
