import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { randomFrom } from "../../../bench/generate-logs.ts";
import { ByteSource } from "../../archive/byte-source.ts";
import { FastRows } from "./kernel/fast-rows.ts";
import { legacyRowHash, safeRowHash } from "./row-hash.ts";
import type { TableOptions } from "./table-facts.ts";
import { behind, openTable, peekHeader } from "./table-rows.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-table-"));
  return () => rmSync(folder, { recursive: true });
});

const EXTRACTED = ["O-N-R", "O", "N", "R", "edxorg_prod"];
const TAIL = EXTRACTED.join("\t");
const HEADER =
  "extracted_course_key\textracted_course_organization\textracted_course_number\textracted_course_run\textracted_source_platform\trow_hash";
let files = 0;

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

/** By the kernel and by the reference: nobody can tell which. */
async function rewrite(input: string | Buffer, over: Partial<TableOptions> = {}, size = 1 << 20) {
  const slow = await rewriteOnce(input, over, size);
  expect(await rewriteOnce(input, { ...over, fast }, size)).toEqual(slow);
  return slow;
}

const fast = new FastRows();

async function rewriteOnce(input: string | Buffer, over: Partial<TableOptions>, size: number) {
  files += 1;
  const paths = { linesPath: join(folder, `${files}.lines`), indexPath: join(folder, `${files}.index`) };
  const written: Buffer[] = [];
  const source = new ByteSource(cut(Buffer.from(input), size));
  const header = await peekHeader(source);
  const rest = async function* () {
    for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) yield chunk;
  };
  const target = { ...paths, write: async (bytes: Buffer) => void written.push(Buffer.from(bytes)) };
  const options = { extracted: EXTRACTED, rowHash: "safe" as const, crlf: false, lineBytes: 1 << 26, ...over };
  const table = await openTable(header, target, options);
  for await (const chunk of behind(header.length, rest())) await table.chunk(chunk);
  const facts = await table.end();
  await table.close();
  const bad = existsSync(paths.linesPath) ? readFileSync(paths.linesPath) : Buffer.alloc(0);
  const index = existsSync(paths.indexPath) ? readFileSync(paths.indexPath, "utf8").trim().split("\n") : [];
  return { facts, text: Buffer.concat(written).toString("utf8"), bad, index: index.map((line) => JSON.parse(line)) };
}

const safe = (...values: (string | null)[]) =>
  safeRowHash(values.map((value) => (value === null ? null : Buffer.from(value))));
const row = (...values: (string | null)[]) =>
  `${values.map((value) => value ?? "").join("\t")}\t${TAIL}\t${safe(...values)}\n`;

describe("the row hash", () => {
  it("has the values of the specification", () => {
    const hashes = [
      ["1", "ab", ""],
      ["1a", "b", ""],
      ["1", "ab", null],
    ].map((values) => values.map((value) => (value === null ? null : Buffer.from(value))));
    expect(hashes.map(safeRowHash)).toEqual([
      "4fd43cb049b60f92a12146e394fb9391de4297bff6f8d86e0f95d8a1403247d5",
      "56697d1210c42fe39f125b3abdcbea7bc607d476d065616e208b08878d07be1d",
      "c495e698124230b3965e14524bca376104ffeedb432add51757ae9af602d216c",
    ]);
    const legacy = "1a5751be8a96e5976c3ac5cc655d299186dd9e378431e67174ba59842bbb2ab5";
    expect(hashes.map(legacyRowHash)).toEqual([legacy, legacy, legacy]);
  });

  it("is written in each of its variants", async () => {
    const input = "a\tb\tc\n1\tab\t\n1a\tb\t\n1\tab\n";
    const hashesOf = async (rowHash: TableOptions["rowHash"], columns: number) =>
      (await rewrite(input, { rowHash })).text
        .split("\n")
        .slice(1, -1)
        .map((line) => line.split("\t").slice(-columns));
    const safes = (await hashesOf("safe", 1)).flat();
    expect(safes.map((hex) => hex.slice(0, 8))).toEqual(["4fd43cb0", "56697d12", "c495e698"]);
    const legacies = (await hashesOf("legacy", 1)).flat();
    expect(new Set(legacies)).toEqual(new Set(["1a5751be8a96e5976c3ac5cc655d299186dd9e378431e67174ba59842bbb2ab5"]));
    expect(await hashesOf("both", 2)).toEqual(safes.map((hex, index) => [hex, legacies[index]]));
    const { text } = await rewrite(input, { rowHash: "both" });
    expect(text.startsWith(`a\tb\tc\t${HEADER}\trow_hash_legacy\n`)).toBe(true);
  });
});

describe("a table", () => {
  it("keeps every value as it is and quotes only what must be quoted", async () => {
    const values = ['say "hi"', "a\rb", "\\t\\n\\N", "NULL", '"', "ü😀", " ", ","];
    const input = `id\tv\n${values.map((value, index) => `${index}\t${value}\n`).join("")}`;
    const { text, facts } = await rewrite(input);
    const quoted = values.map((value) => (/["\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value));
    expect(text).toBe(
      `id\tv\t${HEADER}\n${values.map((value, index) => `${index}\t${quoted[index]}\t${TAIL}\t${safe(`${index}`, value)}\n`).join("")}`,
    );
    expect(facts).toMatchObject({ inputLines: 9, rows: 8, quarantined: 0, blank: 0, shortRows: 0, columns: 2 });
  });

  it("counts missing fields, blank lines and a last line without its end", async () => {
    const { text, facts } = await rewrite("a\tb\tc\n\n1\n1\t2\n\n\t\t\n\t\nx\ty\tz");
    expect(text).toBe(
      `a\tb\tc\t${HEADER}\n${row("1", null, null)}${row("1", "2", null)}${row("", "", "")}${row("", "", null)}${row("x", "y", "z")}`,
    );
    expect(facts).toEqual({
      ...{ inputLines: 8, rows: 5, quarantined: 0, blank: 2, shortRows: 3, columns: 3, reasons: {} },
    });
  });

  it("loses nothing of the hostile files, escapes included", async () => {
    const fixtures = join(import.meta.dirname, "../../../../shared/fixtures/hostile");
    const { files } = JSON.parse(readFileSync(join(fixtures, "expectations.json"), "utf8"));
    const hostile = async (name: string) => rewrite(readFileSync(join(fixtures, "delimited", name)));
    const dump = await hostile("mysql-dump.tsv");
    const expected: (string | null)[][] = files["delimited/mysql-dump.tsv"].expected_rows;
    // Escapes stay what they are; whoever resolves them finds what was dumped.
    const escapes: Record<string, string> = { "\\t": "\t", "\\n": "\n", "\\\\": "\\", "\\0": "\0" };
    const resolved = dump.text
      .split("\n")
      .slice(1, -1)
      .map((line) => line.split("\t").slice(0, 3))
      .map((fields) =>
        fields
          .map((field) => (/^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field))
          .map((field) => (field === "NULL" ? null : field.replaceAll(/\\./g, (escape) => escapes[escape] ?? escape))),
      );
    expect(resolved).toEqual(expected);
    const ragged = await hostile("ragged.tsv");
    const { quarantine_lines: wrong, accepted_ids: ids } = files["delimited/ragged.tsv"];
    // Here a line that is too short is a row.
    expect(ragged.facts).toMatchObject({ rows: ids.length + 1, shortRows: 1, quarantined: 1, blank: 1 });
    expect(ragged.index).toMatchObject([{ line: wrong[1].line, offset: wrong[1].byte_offset }]);
    expect((await hostile("nul.tsv")).text).toContain("1\ta\0b\tc\t");
  });

  it("puts bad lines into quarantine with their bytes", async () => {
    const bad = [Buffer.from("1\t2\t3\n"), Buffer.from([0x31, 9, 0xc3, 0x28, 10]), Buffer.from("\t\t\t")];
    const input = Buffer.concat([Buffer.from("a\tb\nx\ty\n"), ...bad]);
    const found = await rewrite(input);
    expect(found.text).toBe(`a\tb\t${HEADER}\n${row("x", "y")}`);
    expect(found.bad).toEqual(Buffer.concat(bad));
    expect(found.facts).toMatchObject({ inputLines: 5, rows: 1, quarantined: 3, blank: 0 });
    expect(found.facts.reasons).toEqual({ surplus_fields: 2, invalid_utf8: 1 });
    expect(
      found.index.map(({ line, offset, length, ending, reason }) => [line, offset, length, ending, reason]),
    ).toEqual([
      [3, 8, 5, 1, "surplus_fields"],
      [4, 14, 4, 1, "invalid_utf8"],
      [5, 19, 3, 0, "surplus_fields"],
    ]);
    for (const { offset, length, sha256 } of found.index) {
      expect(sha256).toBe(
        createHash("sha256")
          .update(input.subarray(offset, offset + length))
          .digest("hex"),
      );
    }
  });

  it("is the same however it is cut into chunks", async () => {
    const lines = Array.from(
      { length: 60 },
      (_, n) => `${n}\t${"é".repeat(n % 7)}${n % 5 === 0 ? '"' : ""}${n % 11 === 0 ? "\tx\ty" : ""}`,
    );
    const input = `a\tb\tc\n${lines.join("\n")}`;
    const whole = await rewrite(input);
    expect(whole.facts.reasons).toEqual({ surplus_fields: 6 });
    for (const size of [1, 2, 3, 7, 64, 513]) expect(await rewrite(input, {}, size)).toEqual(whole);
  });

  it("takes a CR before every LF for the ending, and any other for data", async () => {
    const { text, facts } = await rewrite("a\tb\r\n1\t2\r\n\r\n3\t4\r", { crlf: true });
    expect(text).toBe(`a\tb\t${HEADER}\n${row("1", "2")}3\t"4\r"\t${TAIL}\t${safe("3", "4\r")}\n`);
    expect(facts).toMatchObject({ inputLines: 4, rows: 2, blank: 1 });
    const other = await rewrite("a\tb\n1\t2\r\n\r\n");
    expect(other.text).toBe(
      `a\tb\t${HEADER}\n1\t"2\r"\t${TAIL}\t${safe("1", "2\r")}\n"\r"\t\t${TAIL}\t${safe("\r", null)}\n`,
    );
  });

  it("holds one huge field, and a line that is longer than the limit goes to quarantine in pieces", async () => {
    const huge = `${"x".repeat(9_000_000)}"`;
    const { text, facts } = await rewrite(`a\tb\n1\t${huge}\n2\ty\n`, {}, 65_536);
    expect(text.split("\n")[1]).toBe(`1\t"${huge}""\t${TAIL}\t${safe("1", huge)}`);
    expect(facts).toMatchObject({ inputLines: 3, rows: 2 });
    const limited = await rewrite(`a\tb\n1\t${huge}\n2\ty\n${huge}`, { lineBytes: 100_000 }, 65_536);
    expect(limited.text).toBe(`a\tb\t${HEADER}\n${row("2", "y")}`);
    expect(limited.bad.toString()).toBe(`1\t${huge}\n${huge}`);
    expect(limited.facts).toMatchObject({ inputLines: 4, rows: 1, quarantined: 2, reasons: { line_too_long: 2 } });
    expect(limited.index.map(({ line, offset, length, ending }) => [line, offset, length, ending])).toEqual([
      [2, 4, huge.length + 2, 1],
      [4, 4 + huge.length + 3 + 4, huge.length, 0],
    ]);
  });

  it("is the same by the kernel and by the reference, whatever is in its lines", async () => {
    const random = randomFrom(11);
    const pieces = [
      "",
      "x",
      '"',
      "\r",
      "é",
      "a".repeat(15),
      "b".repeat(16),
      "c".repeat(17),
      '{"k": "v"}',
      "😀",
      "d".repeat(70),
    ];
    for (let round = 0; round < 60; round += 1) {
      const columns = 1 + random(6);
      const field = () => Array.from({ length: random(4) }, () => pieces[random(pieces.length)]).join("");
      const line = () => Array.from({ length: random(25) === 0 ? random(9) : columns }, field).join("\t");
      const eol = round % 3 === 0 ? "\r\n" : "\n";
      const header = Array.from({ length: columns }, (_, n) => `c${n}`).join("\t");
      const lines = Array.from({ length: random(300) }, line);
      const { facts } = await rewrite([header, ...lines, ""].join(eol), { crlf: eol.length === 2 }, 1 + random(20_000));
      expect(facts.inputLines).toBe(1 + lines.length);
    }
  });

  it("is the same when it is larger than what the kernel takes or writes at once", async () => {
    const short = Array.from({ length: 150_000 }, (_, n) => `${n % 10}`).join("\n");
    expect((await rewrite(`a\tb\n${short}\n`)).facts).toMatchObject({ rows: 150_000, shortRows: 150_000 });
    const wide = Array.from({ length: 40 }, (_, n) => `${n}\t${'"'.repeat(40_000)}`).join("\n");
    expect((await rewrite(`a\tb\n${wide}\n`, {}, 1 << 22)).facts.rows).toBe(40);
  });

  it("has no rows when it has only a header", async () => {
    for (const input of ["a\tb\n", "a\tb", "a\tb\n\n\n"]) {
      expect((await rewrite(input)).facts.rows).toBe(0);
    }
  });

  it.each([
    ["a name twice", "a\tb\ta\n1\t2\t3\n", "duplicate_column"],
    ["two empty names", "a\t\t\n", "duplicate_column"],
    ["a name that is appended", "a\trow_hash\n", "duplicate_column"],
    ["a header that is not UTF-8", Buffer.from([0x61, 0xff, 10]), "header_not_utf8"],
    ["no line end for a megabyte", "x".repeat(1_100_000), "header_too_long"],
    ["columns without end", "a\t".repeat(3_000), "too_many_columns"],
  ])("is refused: %s", async (_what, input, code) => {
    await expect(rewrite(input, {}, 65_536)).rejects.toMatchObject({ name: "Malformed", code });
  });

  it("names its columns without a byte order mark, quoted where they must be", async () => {
    const { text } = await rewrite('\ufeffid\t"b\n1\t2\n');
    expect(text.split("\n")[0]).toBe(`id\t"""b"\t${HEADER}`);
  });
});
