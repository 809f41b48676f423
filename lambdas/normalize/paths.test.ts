import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DuckDb, Row } from "../../core/io/duckdb.ts";
import { FIELDS } from "./columns.ts";
import { canonical, parseExactly } from "./testing/canonical-json.ts";
import { engineRows } from "./testing/engine-rows.ts";
import { normaliseBytes, openTestDb } from "./testing/normalise-bytes.ts";

/**
 * Two readings of the same lines that share no code: ours over bytes, and the engine's strict one. Where the engine is
 * known to respell, an oracle in plain JavaScript takes its place.
 */
const SHARED = join(import.meta.dirname, "..", "..", "..", "shared", "fixtures");
const PLAIN = FIELDS.filter((name) => name !== "time");

/** Numbers that the engine does not write as they were: it puts them through a double. */
const RESPELT = /[eE]|\.\d*0$|\d{16}|^-0$|\.\d{6}/;
const isRespelt = (line: string): boolean =>
  (line.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/-?\d[\d.eE+-]*/g) ?? []).some((number) => RESPELT.test(number));

let db: DuckDb;
beforeAll(async () => {
  db = await openTestDb();
});
afterAll(() => db.close());

const plainColumns = (row: Row): Record<string, unknown> => Object.fromEntries(PLAIN.map((name) => [name, row[name]]));

/** All outputs, but for how many rows came which way. */
async function outputs(text: string, fast: boolean) {
  const { rows, counts, quarantine, quarantinedBytes, normalised } = await normaliseBytes(db, text, { fast });
  const { fastRows, ...same } = counts;
  return {
    fastRows,
    rest: { rows, counts: { ...same, unknownKeys: { ...same.unknownKeys } }, quarantine, quarantinedBytes, normalised },
  };
}

async function bothPaths(lines: readonly string[]) {
  const ours = await normaliseBytes(db, lines.map((line) => `${line}\n`).join(""));
  const judged = lines.filter((line, index) => {
    const row = ours.rows.find((candidate) => candidate["source_line"] === index + 1);
    return row !== undefined && !isRespelt(line);
  });
  const rows = (await normaliseBytes(db, judged.map((line) => `${line}\n`).join(""))).rows.map(plainColumns);
  const theirs = (
    await engineRows(
      db,
      judged.map((line) => line.replace(/^\uFEFF/, "")),
    )
  ).map(plainColumns);
  return { rows, theirs };
}

const vectors = ["tracking-logs", "hostile/tracking-logs"].flatMap((folder) =>
  readdirSync(join(SHARED, folder))
    .filter((name) => /\.log(\.gz)?$/.test(name) && !name.startsWith("container-"))
    .map((name) => join(folder, name)),
);

const raw = String.raw;
/** Lines as Open edX writes them, and lines that differ from those in one place. */
const usual = fc
  .record({
    name: fc.constantFrom(
      ...[
        "a",
        "",
        "é😀",
        "x".repeat(33),
        "tab\t",
        raw`Zo\u00eb`,
        raw`sl\/ash`,
        raw`q\"uote`,
        raw`\\`,
        raw`\ud83d\ude00`,
      ],
      ...[raw`\u0000`, raw`\u0041`, raw`\uD800`, raw`\u00g0`, raw`\x`],
    ),
    time: fc.constantFrom(
      ...['"2026-01-15T10:11:12.123456+00:00"', '"2024-02-29T23:59:59.999999+00:00"', "null", "1686651072.25"],
      ...[
        '"2026-02-29T10:11:12.123456+00:00"',
        '"2026-01-15T10:11:60.123456+00:00"',
        '"2026-13-15T10:11:12.123456+00:00"',
      ],
      ...[
        '"1999-12-31T23:59:59.999999+00:00"',
        '"2100-12-31T23:59:59.999999+00:00"',
        '"2100-02-29T00:00:00.000000+00:00"',
      ],
      ...[
        '"2026-01-15 10:11:12.123456+00:00"',
        '"2026-01-15T10:11:12.123456-00:00"',
        raw`"2026-01-1\u0035T10:11:12.1234+00:00"`,
      ],
    ),
    event: fc.constantFrom(
      ...[
        '{"a": 1.50, "b": [ ], "c":{ }}',
        raw`"{\"a\": 1.50}"`,
        raw`{"k\"\\\/\u00e9\n": "v\u001f"}`,
        raw`{"\u4e2d":"\b\f\r\t"}`,
      ],
      ...[
        "[-0, 1e400, 01]",
        "[-0, 1e400, -1.5E+9]",
        "[1,]",
        '{"a":1,"a":2}',
        "true",
        "fals",
        "null",
        "7",
        "-",
        '{"a" 1}',
        '"cut',
      ],
      ...[
        `${"[".repeat(62)}${"]".repeat(62)}`,
        `${"[".repeat(70)}${"]".repeat(70)}`,
        `{"long":"${"y".repeat(200)}${raw`\\`}"}`,
      ],
    ),
    after: fc.constantFrom(
      "",
      "",
      "",
      ', "referer": 1',
      ', "extra": {"a" : 1}',
      ', "name": "a"',
      raw`, "na\u006de": "b"`,
      ",",
    ),
    end: fc.constantFrom("\n", "\n", "\r\n", " \t\r\r\n", " x\n", "\n\n", "{}\n"),
  })
  .map(
    ({ name, time, event, after, end }) =>
      `{"username": "u", "name": "${name}", "time": ${time},"event": ${event}${after}}${end}`,
  );

describe("the fast path and the byte path", () => {
  test.each(vectors)("give the same of %s", async (file) => {
    const bytes = readFileSync(join(SHARED, file));
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("latin1");
    const [fast, slow] = [await outputs(text, true), await outputs(text, false)];
    expect([fast.rest, slow.fastRows]).toEqual([slow.rest, 0]);
  });

  test("take the usual lines fast", async () => {
    const text = readFileSync(join(SHARED, "tracking-logs", "answer_dist_acceptance_tracking.log.gz"));
    const { fastRows } = await outputs(gunzipSync(text).toString("utf8"), true);
    expect(fastRows).toBeGreaterThan(680);
  });

  test("give the same of random lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(usual, { minLength: 100, maxLength: 200 }), fc.boolean(), async (lines, mangled) => {
        const text = mangled ? lines.join("").slice(7, -9) : lines.join("");
        const [fast, slow] = [await outputs(text, true), await outputs(text, false)];
        expect(fast.rest).toEqual(slow.rest);
        expect(slow.fastRows).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the byte path and the engine's strict reading", () => {
  const files = ["tracking-logs", "hostile/tracking-logs"].flatMap((folder) =>
    readdirSync(join(SHARED, folder))
      .filter((name) => /\.log(\.gz)?$/.test(name) && !/^container-|line-17mb|deep-nesting|duplicate/.test(name))
      .map((name) => join(folder, name)),
  );
  test.each(files)("agree on %s", async (file) => {
    const bytes = readFileSync(join(SHARED, file));
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("latin1");
    const lines = text.split("\n").map((line) => Buffer.from(line, "latin1").toString("utf8"));
    const { rows, theirs } = await bothPaths(lines);
    expect(rows).toEqual(theirs);
  });

  /** JSON texts with every spelling that RFC 8259 allows, not only what a serialiser writes. */
  const space = fc.constantFrom("", "", " ", "\t", "  ", "\r");
  const piece = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => JSON.stringify(text).slice(1, -1)),
    fc.constantFrom(
      "\\/",
      "\\u0041",
      "\\u00e9",
      "\\u001f",
      "\\u0000",
      "\\uD83D\\uDE00",
      "\\n",
      '\\"',
      "\\\\",
      "\\u2028",
      "\\u007F",
      "é",
      "学",
      "😀",
      "\u2028",
      "\u0085",
      "\\u0022",
      "\\u005C",
      "\\b\\f\\t\\r",
    ),
  );
  const text = fc.array(piece, { maxLength: 5 }).map((pieces) => `"${pieces.join("")}"`);
  const number = fc.constantFrom(
    ...[
      "0",
      "-0",
      "7",
      "-12",
      "1.5",
      "1.50",
      "1E5",
      "1e16",
      "1e400",
      "-1E+999",
      "0.1234567890123456789",
      "0.0000001",
      "1e-5",
      "123456789012345678901234567890",
      "2.25",
      "100",
    ],
  );
  const value = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom("true", "false", "null"),
      number,
      text,
      fc
        .tuple(space, fc.array(tie("value"), { maxLength: 3 }), space)
        .map(([a, items, b]) => `[${a}${items.join(`${b},${a}`)}${b}]`),
      fc
        .tuple(space, fc.array(fc.tuple(text, tie("value")), { maxLength: 3 }), space)
        .map(
          ([a, items, b]) => `{${a}${items.map(([key, inner]) => `${key}${a}:${b}${inner}`).join(`${b},${a}`)}${b}}`,
        ),
    ),
  })).value;
  const line = fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...PLAIN, "extra key", "\\u0065xtra"), value), {
        selector: ([key]) => key,
        maxLength: 8,
      }),
      space,
    )
    .map(
      ([members, pad]) =>
        `{${pad}${members.map(([key, inner]) => `"${key}"${pad}:${pad}${inner}`).join(`,${pad}`)}${pad}}${pad}`,
    );

  test("agree on random lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 20, maxLength: 40 }), async (lines) => {
        const { rows, theirs } = await bothPaths(lines);
        expect(rows).toEqual(theirs);
      }),
      { numRuns: 25 },
    );
  });

  test("and what is kept is the value: nothing is lost in any spelling", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 20, maxLength: 40 }), async (lines) => {
        const { rows } = await normaliseBytes(db, lines.join("\n"));
        expect(rows).toHaveLength(lines.length);
        for (const [index, row] of rows.entries()) {
          const source = parseExactly(lines[index] ?? "") as Record<string, unknown>;
          for (const [key, expected] of Object.entries(source)) {
            if (key === "extra key" || key === "extra") {
              const extra = parseExactly(String(row["extra"])) as Record<string, unknown>;
              expect(canonical(extra[key])).toBe(canonical(expected));
              continue;
            }
            const kept = row[key] ?? null;
            if (typeof expected === "string" || expected === null) expect(kept).toBe(expected);
            else expect(canonical(parseExactly(String(kept)))).toBe(canonical(expected));
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
