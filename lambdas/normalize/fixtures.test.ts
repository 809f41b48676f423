import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DuckDb, Row } from "../../core/io/duckdb.ts";
import { FIELDS } from "./columns.ts";
import { canonical, parseExactly } from "./testing/canonical-json.ts";
import { normaliseBytes, openTestDb } from "./testing/normalise-bytes.ts";

/** Real tracking logs, with facts that were computed apart from this code. */
const FIXTURES = join(import.meta.dirname, "..", "..", "..", "shared", "fixtures");

interface Facts {
  readonly lines: number;
  readonly blank_lines: number;
  readonly not_json_lines: number;
  readonly json_object_lines: number;
  readonly not_json: readonly { line: number; byte_offset: number; bytes: number; sha256: string }[];
  readonly event_types: Record<string, number>;
  readonly usernames: readonly string[];
  readonly context_course_ids: readonly string[];
  readonly time_min_utc: string | null;
  readonly time_max_utc: string | null;
  readonly lines_without_usable_time: number;
  readonly naive_times_read_as_utc: number;
  readonly events_by_utc_date: Record<string, number>;
  readonly event_field_kinds: Record<string, number>;
  readonly event_strings_holding_a_json_object: number;
  readonly event_source: Record<string, number>;
  readonly exact_duplicate_lines_beyond_first: number;
  readonly sha256_of_sorted_canonical_line_sha256: string;
  readonly stored_as: string;
  readonly sha256: string;
  readonly gz_sha256?: string;
}

const factsOf = (folder: string): unknown => JSON.parse(readFileSync(join(FIXTURES, folder, "facts.json"), "utf8"));
const logs = Object.values((factsOf("tracking-logs") as { files: Record<string, Facts> }).files);
/** Events of two shapes in one file, most of which are no tracking events and all of which are rows. */
const single = { ...(factsOf("single-events") as Facts), stored_as: "events.jsonl" };
const files: [string, Facts][] = [
  ...logs.map((fact): [string, Facts] => [`tracking-logs/${fact.stored_as}`, fact]),
  [`single-events/${single.stored_as}`, single],
];
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

function tally(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const texts = (rows: readonly Row[], column: string): string[] =>
  rows
    .map((row) => row[column])
    .filter((value) => value !== null && value !== undefined)
    .map(String);

/** The value that a column was made from, built again from the row. */
function rebuilt(row: Row, key: string): unknown {
  if (key === "time") return row["time_raw"];
  const kind = key === "event" || key === "context" ? row[`${key}_kind`] : undefined;
  const text = row[key] ?? null;
  return typeof text === "string" && kind !== undefined && kind !== "string" ? parseExactly(text) : text;
}

/** A row cannot tell null from absent in a plain column, so which keys there were comes from the line. */
function rebuiltObject(row: Row, line: string): Record<string, unknown> {
  const extra = typeof row["extra"] === "string" ? (parseExactly(row["extra"]) as Record<string, unknown>) : {};
  const known = Object.keys(JSON.parse(line) as object).filter((key) => FIELDS.some((field) => field === key));
  return { ...extra, ...Object.fromEntries(known.map((key) => [key, rebuilt(row, key)])) };
}

describe("tracking logs of real installations", () => {
  let db: DuckDb;
  beforeAll(async () => {
    db = await openTestDb();
  });
  afterAll(() => db.close());

  test.each(files)("%s", async (path, fact) => {
    const bytes = readFileSync(join(FIXTURES, path));
    const out = await normaliseBytes(db, bytes, { name: fact.stored_as });
    const { rows, counts } = out;
    expect(out.facts).toMatchObject({ sha256: fact.sha256, compressedSha256: fact.gz_sha256 ?? fact.sha256 });
    expect(counts).toMatchObject({
      ...{ lines: fact.lines, rows: fact.json_object_lines, quarantined: fact.not_json_lines, blank: fact.blank_lines },
    });
    expect(counts.timeStatus.assumed_utc).toBe(fact.naive_times_read_as_utc);
    expect(counts.timeStatus.unparsed + counts.timeStatus.absent).toBe(fact.lines_without_usable_time);
    expect(
      out.quarantine.map(({ line, offset, length, sha256: hash }) => ({
        ...{ line, byte_offset: offset, bytes: length, sha256: hash },
      })),
    ).toEqual(fact.not_json);

    expect(tally(rows.map((row) => String(row["event_type"] ?? "<absent>")))).toEqual(fact.event_types);
    expect([...new Set(texts(rows, "username"))].filter((name) => name !== "").sort()).toEqual(fact.usernames);
    expect(tally(texts(rows, "event_source"))).toEqual(fact.event_source);
    expect(tally(texts(rows, "event_kind"))).toEqual(fact.event_field_kinds);
    const times = texts(rows, "time").sort();
    const asText = (iso: string | null): string | undefined =>
      iso === null
        ? undefined
        : `${iso.slice(0, 10)} ${iso.slice(11, 19)}.${iso.slice(20, 26).replace(/\D.*/, "").padEnd(6, "0")}`;
    expect([times[0], times.at(-1)]).toEqual([asText(fact.time_min_utc), asText(fact.time_max_utc)]);
    expect(tally(times.map((time) => time.slice(0, 10)))).toEqual(fact.events_by_utc_date);
    const courses = texts(rows, "context").map((text) =>
      String((JSON.parse(text) as Record<string, unknown>)["course_id"] ?? ""),
    );
    expect([...new Set(courses)].filter((id) => id !== "").sort()).toEqual(fact.context_course_ids);

    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("utf8").split("\n");
    const hashes = rows.map((row) => {
      const line = text[Number(row["source_line"]) - 1] ?? "";
      return sha256(canonical(rebuiltObject(row, line)));
    });
    expect(sha256(hashes.sort().join("\n"))).toBe(fact.sha256_of_sorted_canonical_line_sha256);
    expect(rows.length - new Set(hashes).size).toBe(fact.exact_duplicate_lines_beyond_first);
  });
});
