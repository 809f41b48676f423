import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DuckDb, Row } from "../../core/io/duckdb.ts";
import { FIELDS, TABLE_COLUMNS } from "./columns.ts";
import { normaliseBytes, openTestDb } from "./testing/normalise-bytes.ts";

let db: DuckDb;
beforeAll(async () => {
  db = await openTestDb();
});
afterAll(() => db.close());

async function rowOf(line: string): Promise<Row> {
  const { rows, quarantine } = await normaliseBytes(db, line);
  if (rows[0] === undefined) throw new Error(`no row: ${JSON.stringify(quarantine)}`);
  return rows[0];
}
async function reasonOf(line: string | Uint8Array): Promise<string | undefined> {
  const { rows, quarantine } = await normaliseBytes(db, line);
  expect(rows).toHaveLength(0);
  return quarantine[0]?.reason;
}

describe("a value", () => {
  test.each([
    ['{"name":"a"}', "a"],
    ['{"name":""}', ""],
    ['{"name":null}', null],
    ["{}", null],
    ['{"name":1.50}', "1.50"],
    ['{"name":-0}', "-0"],
    ['{"name":1e400}', "1e400"],
    ['{"name":true}', "true"],
    ['{"name":{"a" : [1 , 2]}}', '{"a":[1,2]}'],
    ['{"name":"\\u0000"}', "\0"],
    ['{"name":"\\u0041\\/\\u00e9\\uD83D\\uDE00"}', "A/é😀"],
    ['{"n\\u0061me":"escaped key"}', "escaped key"],
  ])("of a text field: %s", async (line, expected) => expect((await rowOf(line))["name"]).toBe(expected));

  test("that is nested in a text field is counted", async () => {
    const { counts } = await normaliseBytes(db, '{"name":{"a":1},"ip":[],"event":{},"context":[]}');
    expect(counts.typeAnomalies).toBe(2);
  });

  test.each([
    ['{"event":{ "b" : 1 , "a":1.0,"b":1e5 } }', '{"b":1,"a":1.0,"b":1e5}', "object"],
    ['{"event":[0.1234567890123456789, -0]}', "[0.1234567890123456789,-0]", "array"],
    ['{"event":"{\\"a\\": 1}"}', '{"a": 1}', "string"],
    ['{"event":"\\"{\\\\\\"a\\\\\\": 1}\\""}', '"{\\"a\\": 1}"', "string"],
    ['{"event":7}', "7", "number"],
    ['{"event":false}', "false", "boolean"],
    ['{"event":null}', null, "null"],
    ["{}", null, "absent"],
    [
      '{"event":{"v":"\\u001f\\u007f\\u00e9\\/\\b\\f\\n\\r\\t\\"\\\\\\u0008\\u000A"}}',
      '{"v":"\\u001F\x7Fé/\\b\\f\\n\\r\\t\\"\\\\\\b\\n"}',
      "object",
    ],
    ['{"event":{"\\u0022k\\/":"\\u005c"}}', '{"\\"k/":"\\\\"}', "object"],
  ])("of event: %s", async (line, expected, kind) => {
    const row = await rowOf(line);
    expect([row["event"], row["event_kind"]]).toEqual([expected, kind]);
  });

  test("of an unknown key is kept in extra, in input order, once", async () => {
    const row = await rowOf('{"z":1.50,"name":"n","a\\u0022":{"k" : [ ]},"s":"x\\/y","z":1.50}');
    expect(row["extra"]).toBe('{"z":1.50,"a\\"":{"k":[]},"s":"x/y"}');
    expect((await rowOf('{"name":"n"}'))["extra"]).toBeNull();
  });

  test("of time keeps its source text", async () => {
    const times = [
      '"2023-06-13T10:11:12.123456789-04:00"',
      "1686651072.25",
      '{"$date": 1}',
      "true",
      "null",
      '"2023-06-13T10:11:60"',
    ];
    const { rows } = await normaliseBytes(db, times.map((time) => `{"time":${time}}\n`).join(""));
    expect(rows.map((row) => [row["time"], row["event_time"], row["time_raw"], row["time_status"]])).toEqual([
      ["2023-06-13 14:11:12.123456", "2023-06-13 14:11:12.123456", "2023-06-13T10:11:12.123456789-04:00", "ok"],
      ["2023-06-13 10:11:12.250000", "2023-06-13 10:11:12.25", "1686651072.25", "ok"],
      [null, null, '{"$date":1}', "unparsed"],
      [null, null, "true", "unparsed"],
      [null, null, null, "absent"],
      ["2023-06-13 10:12:00.000000", "2023-06-13 10:12:00", "2023-06-13T10:11:60", "leap"],
    ]);
  });
});

describe("a line", () => {
  test("with a key twice is a row if both values are the same bytes", async () => {
    expect((await rowOf('{"name":"a","name":"a"}'))["name"]).toBe("a");
    expect(await reasonOf('{"name":"a","n\\u0061me":"b"}')).toBe("duplicate_key");
    expect(await reasonOf('{"event":{"a":1},"event":{"a": 1}}')).toBe("duplicate_key");
    expect(await reasonOf('{"x":1,"x":2}')).toBe("duplicate_key");
  });

  test.each([
    ["{", "invalid_json"],
    ['{"a":1,}', "invalid_json"],
    ['{"a":01}', "invalid_json"],
    ['{"a":1.}', "invalid_json"],
    ['{"a":+1}', "invalid_json"],
    ['{"a":.5}', "invalid_json"],
    ["{'a':1}", "invalid_json"],
    ['{"a":"\\x"}', "invalid_json"],
    ['{"a":"\\u12G4"}', "invalid_json"],
    ['{"a":"cut', "invalid_json"],
    ['{"a":"cut\r\n', "invalid_json"],
    ['{"a":"cut\\', "invalid_json"],
    ['{"a":tru}', "invalid_json"],
    ['{"a" 1}', "invalid_json"],
    ['{"a":[1 2]}', "invalid_json"],
    ['{"a":[1}]', "invalid_json"],
    ["{} x", "invalid_json"],
    ["\u00a0{}", "invalid_json"],
    ["\uFEFF", "invalid_json"],
    ["\uFEFF\uFEFF{}", "invalid_json"],
    ["{}{}", "trailing_content"],
    ["{} {}", "trailing_content"],
    ["{}{},", "trailing_content"],
    ["1 2", "trailing_content"],
    ["[]", "not_an_object"],
    ["null", "not_an_object"],
    ['"text"', "not_an_object"],
    ["-1.5e3", "not_an_object"],
    ['{"a":"\t"}', "control_character"],
    ['{"a":"x\ry"}', "control_character"],
    ['{"a":"\\uD800"}', "lone_surrogate"],
    ['{"a":{"b":"\\uDC00\\uD800"}}', "lone_surrogate"],
    ['{"\\uD800\\u0041":1}', "lone_surrogate"],
    ['{"a":NaN}', "nan_literal"],
    ['{"a":[-Infinity]}', "nan_literal"],
    ['{"a":nan}', "nan_literal"],
  ])("%j is quarantined as %s", async (line, reason) => expect(await reasonOf(line)).toBe(reason));

  test("of bytes that are no UTF-8 is quarantined, its neighbours are not", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"name":"é"}\n{"name":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}\n{}\n'),
    ]);
    const { rows, quarantine } = await normaliseBytes(db, bytes);
    expect([rows.length, quarantine.map(({ reason, line }) => [reason, line])]).toEqual([2, [["invalid_utf8", 2]]]);
  });

  test("may nest 10,000 deep and no deeper", async () => {
    const nested = (depth: number): string => `{"event":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expect(String((await rowOf(nested(10_000)))["event"])).toHaveLength(19_998);
    expect(await reasonOf(nested(10_001))).toBe("too_deep");
  });

  test("ends at LF only; one CR before it belongs to the ending", async () => {
    const { rows, counts, quarantine } = await normaliseBytes(
      db,
      '{"name":"a"}\r\n{"name":"b"}\r\r\n\r\n \t\n{"name":"c\u0085\u2028"}',
    );
    expect(rows.map((row) => [row["name"], row["source_line"], row["source_offset"]])).toEqual([
      ["a", 1, 0],
      ["b", 2, 14],
      ["c\u0085\u2028", 5, 34],
    ]);
    expect([counts.lines, counts.blank, quarantine.length]).toEqual([5, 2, 0]);
  });

  test("may start with a byte order mark anywhere in the file", async () => {
    const { counts, rows } = await normaliseBytes(db, '{}\n\uFEFF{"name":"a"}\n');
    expect([counts.bom, rows[1]?.["name"], rows[1]?.["source_offset"]]).toEqual([1, "a", 3]);
  });
});

describe("lines that are too long", () => {
  const limits = { lineBytes: 1_000 };
  const long = `{"name":"${"x".repeat(1_000_000)}"}`;

  test("stream into quarantine, whole, whatever surrounds them", async () => {
    const exact = `{"name":"${"y".repeat(989)}"}`;
    const text = `{"name":"a"}\n${long}\r\n${exact}\n${exact} \n${long}`;
    const out = await normaliseBytes(db, text, { limits });
    expect(out.rows.map((row) => row["source_line"])).toEqual([1, 3]);
    expect(
      out.quarantine.map(({ line, offset, length, reason, ending }) => ({ line, offset, length, reason, ending })),
    ).toEqual([
      { line: 2, offset: 13, length: long.length, reason: "line_too_long", ending: 2 },
      { line: 4, offset: 13 + long.length + 2 + 1_001, length: 1_001, reason: "line_too_long", ending: 1 },
      {
        line: 5,
        offset: 13 + long.length + 2 + 1_001 + 1_002,
        length: long.length,
        reason: "line_too_long",
        ending: 0,
      },
    ]);
    expect(out.quarantinedBytes.toString()).toBe(`${long}\r\n${exact} \n${long}`);
    expect(new Set(out.quarantine.map(({ sha256 }) => sha256)).size).toBe(2);
  });

  test("are blank if they hold nothing but blanks", async () => {
    const out = await normaliseBytes(db, `${" ".repeat(600_000)}\n{bad\n${"\t".repeat(2_000)}\r\n`, { limits });
    expect([out.counts.blank, out.counts.quarantined, out.quarantinedBytes.toString()]).toEqual([2, 1, "{bad\n"]);
  });
});

describe("outputs", () => {
  const at = (second: number): string => `"2024-05-05T00:00:${String(second).padStart(2, "0")}Z"`;

  test("rows of a part are in order of event time and line, those without a time last", async () => {
    const lines = [at(9), "null", at(3), at(9), '"never"', at(1)].map((time) => `{"time":${time}}\n`).join("");
    const { partRows } = await normaliseBytes(db, lines);
    expect(partRows.map((rows) => rows.map((row) => row["source_line"]))).toEqual([[6, 3, 1, 4, 2, 5]]);
  });

  test("many parts hold every line once", async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"name":"${index}","time":${at(index % 60)}}\n`);
    const { partRows, rows } = await normaliseBytes(db, lines.join(""), { limits: { partBytes: 1 } });
    expect(partRows.length).toBeGreaterThan(2);
    expect(rows.map((row) => row["name"])).toEqual(lines.map((_, index) => String(index)));
  });

  test("the table's columns, typed, in order", async () => {
    const row = await rowOf('{"name":"a","time":"2026-01-15T00:00:00Z"}');
    expect(Object.keys(row)).toEqual(TABLE_COLUMNS.map(({ name }) => name));
    expect(row).toMatchObject({
      ...{ log_date: "2026-01-15", source_file: "s3://landing/a.log", source_sha256: "0".repeat(64) },
      ...{ source_version: "v1", source_line: 1, source_offset: 0, run_id: "run-1", loaded_at: "2026-01-16 02:00:00" },
      ...{ _airbyte_extracted_at: "2026-01-16 02:00:00", _ab_source_file_url: "s3://landing/a.log" },
      _ab_source_file_last_modified: "2026-01-16 01:02:03.456",
    });
  });

  test("the normalised file holds the 14 columns in the order of the input, the same bytes each time", async () => {
    const lines = `{"time":${at(9)},"extra":1,"event":{"a": 1}}\n{bad\n{"name":"é","time":${at(1)}}\n`;
    const [first, second] = [await normaliseBytes(db, lines), await normaliseBytes(db, lines)];
    const objects = first.normalised.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.map((object) => Object.keys(object))).toEqual([[...FIELDS], [...FIELDS]]);
    expect(objects.map(({ name, event, time }) => [name, event, time])).toEqual([
      [null, '{"a":1}', "2024-05-05 00:00:09.000000"],
      ["é", null, "2024-05-05 00:00:01.000000"],
    ]);
    expect(first.normalisedGz.equals(second.normalisedGz)).toBe(true);
    expect(gunzipSync(first.normalisedGz).toString()).not.toContain(": ");
  });

  test("counts say what was found", async () => {
    const { counts } = await normaliseBytes(
      db,
      '{"k":1,"time":"2026-01-15T00:00:00"}\n{"k":2,"time":"2026-01-23T00:00:00Z"}\n{"time":"x"}\n\n{bad',
    );
    expect(counts).toMatchObject({
      ...{ lines: 5, rows: 3, quarantined: 1, blank: 1, farFromLogDate: 1, reasons: { invalid_json: 1 } },
      timeStatus: { ok: 1, assumed_utc: 1, unparsed: 1, absent: 0, leap: 0 },
    });
    expect({ ...counts.unknownKeys }).toEqual({ k: 2 });
  });
});
