import { describe, expect, it } from "vitest";
import { parseXml } from "./xml.ts";

const parse = (text: string | Uint8Array) => parseXml(Buffer.from(text));
const source = (text: string | Uint8Array) => {
  const result = parse(text);
  return result.ok ? result.root.source : result.code;
};

describe("XML of a course", () => {
  it("keeps the source text of every element, character for character", () => {
    const text =
      '<?xml version="1.0"?>\r\n<!-- <a> -->\r\n<a\r\n b = "&lt;>é"><c/>t<d>😀</d ><!-- x --></a >\r\n<!-- end -->';
    const result = parse(text);
    if (!result.ok) throw new Error(result.reason);
    expect(result.root.source).toBe('<a\r\n b = "&lt;>é"><c/>t<d>😀</d ><!-- x --></a >');
    expect(result.root.children.map((child) => child.source)).toEqual(["<c/>", "<d>😀</d >"]);
    expect(result.root.attributes.get("b")).toBe("<>é");
    expect(result.root.children.map((child) => child.hasText)).toEqual([false, true]);
  });

  it("knows text in CDATA, and takes blanks for none", () => {
    const result = parse("<a><b><![CDATA[x]]></b><c> \n </c></a>");
    expect(result.ok && result.root.children.map((child) => child.hasText)).toEqual([true, false]);
  });

  it.each([
    ["an unclosed element", "<a>"],
    ["a crossed element", "<a><b></a></b>"],
    ["an unquoted attribute", "<a b=c/>"],
    ["a repeated attribute", '<a b="1" b="2"/>'],
    ["an unknown entity", "<a>&nbsp;</a>"],
    ["two roots", "<a/><b/>"],
    ["nothing", ""],
    ["a bare ampersand", "<a>R&D</a>"],
    ["a control character", "<a>\u0001</a>"],
    ["bytes that are no UTF-8", Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])],
    ["more elements than memory", `<a>${"<b/>".repeat(500_001)}</a>`],
    ["nesting that would exhaust the stack", "<a>".repeat(100_000)],
  ])("refuses %s as malformed", (_name, text) => expect(source(text)).toBe("malformed_xml"));

  it.each([
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<?xml version="1.0"?><!-- x --><!DOCTYPE a><a/>',
  ])("refuses a document type: %s", (text) => expect(source(text)).toBe("xml_entities"));

  it("reads declared and marked encodings", () => {
    expect(source(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "latin1"))).toBe("<a>é</a>");
    expect(source(Buffer.from("\ufeff<a>é</a>", "utf16le"))).toBe("<a>é</a>");
    expect(source("\ufeff<a>é</a>")).toBe("<a>é</a>");
    const wide = Buffer.from('<?xml version="1.0" encoding="UTF-16"?><a>é</a>', "utf16le");
    expect([source(wide), source(wide.swap16())]).toEqual(["<a>é</a>", "<a>é</a>"]);
    expect(source('<?xml version="1.0" encoding="klingon"?><a/>')).toBe("malformed_xml");
  });
});
