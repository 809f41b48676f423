import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatText } from "../../../core/model/legacy-json.ts";
import { cellsOf } from "./cells.ts";
import { CsvBuffer, type CellKind } from "./dialect.ts";

type Cell = string | Uint8Array | null;

function written(kinds: readonly CellKind[], rows: readonly (readonly Cell[])[]) {
  const damaged: [number, string][] = [];
  const buffer = new CsvBuffer(16, (column, value) => damaged.push([column, Buffer.from(value).toString("hex")]));
  for (const row of rows) buffer.row(kinds, cellsOf(row));
  return { text: Buffer.from(buffer.bytes).toString(), rows: buffer.rows, damaged };
}

const one = (kind: CellKind, cell: Cell): string => written([kind], [[cell]]).text.replace(/\r\n$/, "");

const USERS: readonly CellKind[] = [
  ...(["verbatim", "text", "text", "text", "text", "verbatim", "verbatim", "verbatim"] as const),
  ...(["datetime", "datetime", "text"] as const),
];

describe("the dialect of the research drop", () => {
  it.each([
    ["2020-01-02 03:04:05.000000", "2020-01-02 03:04:05"],
    ["2020-01-02 03:04:05.000100", "2020-01-02 03:04:05.000100"],
  ])("writes the vector of a user who joined at %s", (joined, expected) => {
    const user = ["1", "ann", "Ann", 'O"Neil, Jr', "a@example.edu", "0", "1", "0", null, joined, "course-v1:A+B+C"];
    expect(written(USERS, [user]).text).toBe(
      `1,ann,Ann,"O""Neil, Jr",a@example.edu,0,1,0,,${expected},course-v1:A+B+C\r\n`,
    );
  });

  it.each([
    ["plain", "plain"],
    ["", ""],
    [" spaces stay ", " spaces stay "],
    ["a,b", '"a,b"'],
    ['"', '""""'],
    ["a\nb", '"a\nb"'],
    ["a\rb", '"a\rb"'],
    ["a\r\nb", '"a\r\nb"'],
    ["a\tb;c'd", "a\tb;c'd"],
    ["naïve ✓ 😀", "naïve ✓ 😀"],
    ["\ufeffmark", "\ufeffmark"],
    ['{"a": "é"}', '"{""a"": ""é""}"'],
    ["NULL", "NULL"],
    ["\0", "\0"],
  ])("writes the text %j as %j", (text, expected) => {
    expect(one("text", text)).toBe(expected);
  });

  it.each([
    ["0", "0.0"],
    ["1", "1.0"],
    ["10", "10.0"],
    ["-1", "-1.0"],
    ["-0", "-0.0"],
    ["0.5", "0.5"],
    ["0.1", "0.1"],
    ["0.0001", "0.0001"],
    ["0.00001", "1e-05"],
    ["1e-05", "1e-05"],
    ["1e15", "1000000000000000.0"],
    ["1e16", "1e+16"],
    ["1.7976931348623157e308", "1.7976931348623157e+308"],
    ["5e-324", "5e-324"],
    ["0.30000000000000004", "0.30000000000000004"],
  ])("writes the double %s as %s", (text, expected) => {
    expect(one("double", text)).toBe(expected);
  });

  it.each([
    ["2020-01-02 03:04:05", "2020-01-02 03:04:05"],
    ["2020-01-02 03:04:05.000000", "2020-01-02 03:04:05"],
    ["2020-01-02 03:04:00.000000", "2020-01-02 03:04:00"],
    ["2020-01-02 03:04:05.120000", "2020-01-02 03:04:05.120000"],
    ["2020-01-02 03:04:05.12", "2020-01-02 03:04:05.120000"],
    ["2020-01-02 03:04:05.000001", "2020-01-02 03:04:05.000001"],
  ])("writes the time %s as %s", (text, expected) => {
    expect(one("datetime", text)).toBe(expected);
  });

  it("writes every double as the shortest text that comes back, however it was given", () => {
    const given = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.stringMatching(/^-?(0|[1-9][0-9]{0,16})(\.[0-9]{1,17})?$/),
    );
    fc.assert(
      fc.property(given, (text) => {
        expect(one("double", text)).toBe(floatText(Number(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps every digit of integers and decimals", () => {
    expect(one("verbatim", "18446744073709551615")).toBe("18446744073709551615");
    expect(one("verbatim", "-9223372036854775808")).toBe("-9223372036854775808");
    expect(one("verbatim", "0.10000")).toBe("0.10000");
  });

  it("writes null as nothing, whatever the column is", () => {
    expect(written(["verbatim", "text", "double", "datetime"], [[null, null, null, null]]).text).toBe(",,,\r\n");
  });

  it("replaces what is no UTF-8 and hands out the bytes as they were", () => {
    const { text, damaged } = written(
      ["verbatim", "text"],
      [
        ["1", Buffer.from([0x61, 0xff, 0x2c, 0xc3])],
        ["2", "ok"],
      ],
    );
    expect(text).toBe('1,"a\ufffd,\ufffd"\r\n2,ok\r\n');
    expect(damaged).toEqual([[1, "61ff2cc3"]]);
  });

  it("takes rows back, and writes none but the header when there are none", () => {
    const buffer = new CsvBuffer(4, () => undefined);
    buffer.header(["id", "course_id"]);
    expect([Buffer.from(buffer.bytes).toString(), buffer.rows]).toEqual(["id,course_id\r\n", 0]);
    const { mark } = buffer;
    buffer.row(["text"], cellsOf([Buffer.alloc(1_000_000, "x")]));
    buffer.rewind(mark);
    expect([Buffer.from(buffer.bytes).toString(), buffer.rows]).toEqual(["id,course_id\r\n", 0]);
  });

  it("leaves out values beyond the columns", () => {
    expect(written(["verbatim"], [["1", "where the reader is"]]).text).toBe("1\r\n");
  });

  it("is read back by a strict reader, field by field", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string()), { maxLength: 4 }), (rows) => {
        const { text } = written(["text", "text"], rows);
        expect(parse(text)).toEqual(rows.map(([a, b]) => [a.toWellFormed(), b.toWellFormed()]));
      }),
    );
  });
});

/** RFC 4180 and nothing more. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at < text.length;) {
    const row: string[] = [];
    for (;;) {
      const [, quoted, plain = ""] = /(?:"((?:[^"]|"")*)"|([^,"\r\n]*))/y.exec(text.slice(at)) ?? [];
      at += quoted === undefined ? plain.length : quoted.length + 2;
      row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (text[at] !== ",") break;
      at += 1;
    }
    expect(text.slice(at, at + 2)).toBe("\r\n");
    at += 2;
    rows.push(row);
  }
  return rows;
}
