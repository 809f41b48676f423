import { expect, test } from "vitest";
import { htmlText } from "./html-text.ts";
import { edxModuleId } from "./module-id.ts";
import { kindOf, readDocument } from "./read-document.ts";
import { sjson, subtitles } from "./transcript.ts";

const SRT =
  "1\r\n00:00:00,500 --> 00:00:02,000\r\nHello <i>there</i>.\r\n\r\n2\r\n00:01:02,000 --> 00:01:03,250\r\nTwo\r\nlines\r\n";

test("SubRip loses its numbers and times", () => {
  expect(subtitles(SRT)).toEqual({ text: "Hello there.\nTwo\nlines", cues: 2, endMs: 63_250 });
});

test("WebVTT has hours or not, settings and notes", () => {
  const source =
    "WEBVTT\n\nNOTE made by hand\n\nintro\n00:01.000 --> 00:02.500 align:start\nHi\n\n01:00:00.000 --> 01:00:01.000\n\n";
  expect(subtitles(source)).toEqual({ text: "Hi", cues: 2, endMs: 3_601_000 });
});

test.each([
  ["no words at all", "", { text: "", cues: 0, endMs: null }],
  ["words without times", "Once upon a time", undefined],
])("a file of %s", (_, source, expected) => {
  expect(subtitles(source)).toEqual(expected);
});

test("Open edX's own form joins what is said", () => {
  const document = { start: [0, 10], end: [9.6, 20], text: ["Hello", null, " you "] };
  expect(sjson(JSON.stringify(document))).toEqual({ text: "Hello\nyou", cues: 3, endMs: 20 });
  for (const other of ["{", "[]", '{"text": 1}', '{"text": [1]}', '{"start": []}'])
    expect(sjson(other)).toBeUndefined();
});

test("a page is what a person reads of it", () => {
  const page =
    "<!doctype html><html><head><title> A &amp; B </title><style>p{}</style></head><body><h1>Head</h1><p>one <b>bo</b>ld&nbsp;word<br>next</p><script>no()</script><ul><li>x<li>y</ul>&#x41;</body>";
  expect(htmlText(page)).toEqual({ title: "A & B", text: "Head\none bold word\nnext\nx\ny\nA" });
  expect(htmlText("no markup & no <end")).toEqual({ title: null, text: "no markup & no" });
  const deep = "<div>".repeat(100_000);
  expect(htmlText(`${deep}x`)).toEqual({ title: null, text: "x" });
});

/** As small as a PDF can be; its table of places is made for it. */
function pdf(words: string): Buffer {
  const stream = `BT /F1 12 Tf 20 100 Td (${words}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    "<< /Title (Of words) >>",
  ];
  let text = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join("")}`;
  return Buffer.from(
    `${text}${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${text.length}\n%%EOF\n`,
  );
}

test("a PDF is read page by page, and a damaged one says why it is not", async () => {
  expect(await readDocument(".pdf", pdf("Hello PDF"))).toEqual({
    ...{ kind: "document", status: "text", title: "Of words", text: "Hello PDF" },
  });
  const damaged = await readDocument(".pdf", Buffer.from("%PDF-1.4\nno more"));
  expect(damaged).toMatchObject({ kind: "document", status: "malformed", text: null });
  expect(damaged.detail).toMatch(/./);
});

test.each([
  ["UTF-8 with its mark", Buffer.from("\ufeffgrün"), "text", "grün"],
  ["UTF-16 of Windows", Buffer.from("\ufeffgrün", "utf16le"), "text", "grün"],
  ["an older code page", Buffer.from("gr\xfcn", "latin1"), "not_text", null],
  ["bytes with NUL", Buffer.from("a\0b"), "not_text", null],
  ["nothing", Buffer.alloc(0), "empty", ""],
])("a text of %s", async (_, bytes, status, text) => {
  expect(await readDocument(".txt", bytes)).toMatchObject({ kind: "document", status, text });
});

test("files without a reader are listed, others are not", async () => {
  expect(await readDocument(".doc", Buffer.alloc(9))).toMatchObject({ status: "no_reader", text: null });
  expect(await readDocument(".rtf", Buffer.from("{\\rtf1 a}"))).toMatchObject({ status: "text", text: "a" });
  expect(await readDocument(".docx", Buffer.from("PK"))).toEqual({
    ...{ kind: "document", status: "malformed", text: null, detail: "it is no zip, or is cut" },
  });
  expect(await readDocument(".sjson", Buffer.from("{}"))).toMatchObject({ kind: "transcript", status: "malformed" });
  expect(["", ".png", ".xml", ".js"].map(kindOf)).toEqual([undefined, undefined, undefined, undefined]);
});

test("a file is known to Open edX as asset or block", () => {
  const key = { id: "course-v1:O+C+R", org: "O", course: "C", run: "R" };
  expect(edxModuleId(key, "static/My File.pdf")).toBe("asset-v1:O+C+R+type@asset+block@My_File.pdf");
  expect(edxModuleId(key, "html/a b.html")).toBe("block-v1:O+C+R+type@html+block@a_b");
});
