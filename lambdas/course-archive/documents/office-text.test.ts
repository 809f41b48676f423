import { describe, expect, test } from "vitest";
import { makeZip, type ZipMember } from "../../../test/standins/make-zip.ts";
import { officeText } from "./office-text.ts";

const TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const relations = (...rows: readonly (readonly [id: string, type: string, target: string, more?: string])[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="u">${rows
    .map(([id, type, target, more = ""]) => `<Relationship Id="${id}" Type="${type}" Target="${target}" ${more}/>`)
    .join("")}</Relationships>`;
const parts = (files: Readonly<Record<string, string | Buffer>>): ZipMember[] =>
  Object.entries(files).map(([name, text]) => ({ name, text }));

const WORD = {
  "_rels/.rels": relations(
    ["r1", `${TYPES}/officeDocument`, "word/document.xml"],
    [
      "r2",
      "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
      "/docProps/core.xml",
    ],
  ),
  "docProps/core.xml": '<c:coreProperties xmlns:c="u" xmlns:dc="v"><dc:title> Kräfte </dc:title></c:coreProperties>',
  "word/_rels/document.xml.rels": relations(
    ["r1", `${TYPES}/footnotes`, "footnotes.xml"],
    ["r2", `${TYPES}/hyperlink`, "https://example.org/", 'TargetMode="External"'],
  ),
  "word/footnotes.xml": "<w:footnotes><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>",
  "word/document.xml": `<w:document xmlns:w="u"><w:body>
    <w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>One </w:t></w:r><w:r><w:t xml:space="preserve">wo</w:t></w:r><w:r><w:t>rd &amp; 日本</w:t><w:tab/><w:t>tab</w:t><w:br/><w:t>line</w:t></w:r></w:p>
    <w:p/><w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r></w:p>
    <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
    <w:p><mc:AlternateContent><mc:Choice><w:r><w:t>shape</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>shape</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>
    <m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></w:body></w:document>`,
};
const words = "One word & 日本\ttab\nline\nco-op\na\nb\nshape\nx=1\nA note.";

const slide = (text: string): string =>
  `<p:sld xmlns:p="u" xmlns:a="v"><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:sld>`;
const SLIDES = {
  "_rels/.rels": relations(["r1", `${TYPES}/officeDocument`, "ppt/presentation.xml"]),
  "ppt/presentation.xml":
    '<p:presentation><p:sldIdLst><p:sldId r:id="r2" id="256"/><p:sldId id="257" r:id="r1"/><p:sldId id="258" r:id="none"/></p:sldIdLst></p:presentation>',
  "ppt/_rels/presentation.xml.rels": relations(
    ...([1, 2, 3] as const).map((n) => [`r${n}`, `${TYPES}/slide`, `slides/slide${n}.xml`] as const),
  ),
  "ppt/slides/slide1.xml": slide("shown second</a:t></a:r><a:br/><a:r><a:t>below"),
  "ppt/slides/slide2.xml": slide("shown first"),
  "ppt/slides/slide3.xml": slide("listed nowhere"),
  "ppt/slides/_rels/slide2.xml.rels": relations(["n", `${TYPES}/notesSlide`, "../notesSlides/n.xml"]),
  "ppt/notesSlides/n.xml": slide("said</a:t></a:r><a:fld><a:t>1</a:t></a:fld><a:r><a:t>"),
};

describe("a Word document", () => {
  test("is its paragraphs, tables, shapes, formulas and footnotes, and its title", () => {
    expect(officeText(makeZip(parts(WORD)))).toEqual({ title: "Kräfte", text: words });
  });

  test("is found whatever its main part is named, in capitals, stored, in UTF-16 or with a comment behind it", () => {
    const { "word/document.xml": main, "word/footnotes.xml": _, ...rest } = WORD;
    const odd = makeZip([
      ...parts({ "_RELS/.rels": rest["_rels/.rels"].replace("word/document.xml", "word/Document2.xml") }),
      { name: "word/document2.xml", text: Buffer.from(`\ufeff${main}`, "utf16le"), stored: true },
    ]);
    odd.writeUInt16LE(5, odd.length - 2);
    const found = officeText(Buffer.concat([odd, Buffer.from("hello")]));
    expect(found).toEqual({ title: null, text: words.replace("\nA note.", "") });
  });
});

test("slides are read in the order that they are shown in, with what is said to them", () => {
  const text = "shown first\nsaid\nshown second\nbelow";
  expect(officeText(makeZip(parts(SLIDES)))).toEqual({ title: null, text });
  const none = { ...SLIDES, "ppt/presentation.xml": "<p:presentation/>" };
  expect(officeText(makeZip(parts(none)))).toEqual({ title: null, text: "" });
});

describe("what is damaged says why", () => {
  const bomb = Buffer.alloc(80 * 1_048_576);
  const word = makeZip(parts(WORD));
  test.each<[string, Buffer, RegExp]>([
    ["an older or encrypted document", Buffer.from("d0cf11e0a1b11ae1", "hex"), /no zip/],
    ["nothing", Buffer.alloc(0), /no zip/],
    ["a cut", word.subarray(0, -30), /no zip, or is cut/],
    ["another zip", makeZip(parts({ "a.txt": "a" })), /no main document/],
    [
      "a part that is not there",
      makeZip(parts({ "_rels/.rels": WORD["_rels/.rels"] })),
      /no part "word\/document.xml"/,
    ],
    ["a part twice", makeZip([...parts(WORD), ...parts({ "WORD/document.xml": "<a/>" })]), /twice/],
    ["a secret part", makeZip([{ name: "_rels/.rels", text: "x", claims: { flags: 1 } }]), /encrypted/],
    ["an unknown packing", makeZip([{ name: "_rels/.rels", text: "x", claims: { method: 99 } }]), /not read/],
    ["a bomb that says so", makeZip(parts({ ...WORD, "word/document.xml": bomb })), /more than 67108864 bytes/],
    ["a bomb that does not", makeZip([{ name: "_rels/.rels", text: bomb, claims: { unpacked: 9 } }]), /damaged/],
    [
      "entities",
      makeZip(parts({ ...WORD, "word/document.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>" })),
      /document type/,
    ],
    ["no XML", makeZip(parts({ ...WORD, "word/document.xml": "<a>" })), /unclosed/],
    ["a tower", makeZip(parts({ ...WORD, "word/document.xml": "<a>".repeat(100_000) })), /nested deeper/],
    [
      "a way out",
      makeZip(parts({ "_rels/.rels": relations(["r", "/officeDocument", "../../etc/passwd"]) })),
      /no part "etc/,
    ],
  ])("%s", (_, bytes, reason) => expect(() => officeText(bytes)).toThrow(reason));

  test("wherever a bit is wrong or the end is missing, in words", () => {
    for (let at = 0; at < word.length; at += 7) {
      const wrong = Buffer.from(word);
      wrong[at] = (wrong[at] ?? 0) ^ (1 << (at % 8));
      for (const bytes of [wrong, word.subarray(0, at)]) {
        try {
          expect(officeText(bytes).text.length).toBeLessThan(10_000);
        } catch (error) {
          expect(error).toMatchObject({ name: "Error" });
        }
      }
    }
  });
});
