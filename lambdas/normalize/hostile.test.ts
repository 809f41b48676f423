import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DuckDb, Row } from "../../core/io/duckdb.ts";
import { isFailure } from "../../core/model/failures.ts";
import { canonical, parseExactly } from "./testing/canonical-json.ts";
import { normaliseBytes, openTestDb } from "./testing/normalise-bytes.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "shared", "fixtures", "hostile");

interface LineExpectation {
  readonly line: number;
  readonly byte_offset: number;
  readonly bytes: number;
  readonly outcome: "accept" | "quarantine" | "either" | "blank";
  readonly reason?: string;
  readonly session?: string;
  readonly value?: string;
  readonly value_at?: string;
  readonly number_text?: string;
  readonly event_kind?: string;
  readonly event_canonical_sha256?: string;
  readonly time_utc_if_accepted?: string | null;
}

interface Expectation {
  readonly class: "lines" | "reject_file" | "either_file";
  readonly reason_any_of?: readonly string[];
  readonly allowed?: readonly { class: string; reason_any_of?: readonly string[] }[];
  readonly lines?: number;
  readonly accept?: number;
  readonly quarantine?: number;
  readonly either?: number;
  readonly blank?: number;
  readonly sessions?: readonly string[];
  readonly line_expectations?: readonly LineExpectation[];
}

/** The expectations' plain words for what the contract names otherwise. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  two_values_on_a_line: ["trailing_content"],
  not_json: ["invalid_json", "nan_literal"],
  empty_file: ["empty_object"],
  gzip_trailing_garbage: ["trailing_bytes"],
};
const codes = (reasons: readonly string[] | undefined): string[] =>
  (reasons ?? []).flatMap((reason) => NAMES[reason] ?? [reason]);

const read = JSON.parse(readFileSync(join(FOLDER, "expectations.json"), "utf8")) as {
  files: Record<string, Expectation> | (Expectation & { path: string })[];
};
const files: [string, Expectation][] = Array.isArray(read.files)
  ? read.files.map((file) => [file.path, file])
  : Object.entries(read.files);
const logs = files.filter(([path]) => path.startsWith("tracking-logs/"));

function checkRow(row: Row, expected: LineExpectation): void {
  expect(row["source_offset"]).toBe(expected.byte_offset);
  if (expected.session !== undefined) expect(row["session"]).toBe(expected.session);
  const event = String(row["event"]);
  if (expected.number_text !== undefined) expect(event).toBe(`{"v":${expected.number_text}}`);
  if (expected.value !== undefined) expect((JSON.parse(event) as { v: string }).v).toBe(expected.value);
  const kind = expected.event_kind;
  if (kind !== undefined) {
    const names: Record<string, string> = { bool: "boolean", json_string: "string", json_string_twice: "string" };
    expect(row["event_kind"]).toBe(names[kind] ?? kind);
  }
  if (expected.event_canonical_sha256 !== undefined) {
    const value = row["event"] === null ? null : row["event_kind"] === "string" ? event : parseExactly(event);
    expect(createHash("sha256").update(canonical(value)).digest("hex")).toBe(expected.event_canonical_sha256);
  }
  if (expected.time_utc_if_accepted !== undefined) {
    const iso = expected.time_utc_if_accepted;
    const micros = iso === null ? null : (iso.match(/\.(\d{6})/)?.[1] ?? "000000");
    expect(row["time"]).toBe(iso === null ? null : `${iso.slice(0, 10)} ${iso.slice(11, 19)}.${micros}`);
    expect(row["event_time"]).toBe(row["time"]?.toString().replace(/\.?0+$/, "") ?? null);
  }
}

describe("hostile tracking logs", () => {
  let db: DuckDb;
  beforeAll(async () => {
    db = await openTestDb();
  });
  afterAll(() => db.close());

  test("are all here", () => expect(logs.length).toBeGreaterThanOrEqual(27));

  test.each(logs)("%s", async (path, expected) => {
    const bytes = readFileSync(join(FOLDER, path));
    const rejection = expected.class === "either_file" ? expected.allowed?.[0] : expected;
    if (rejection?.class === "reject_file") {
      const error: unknown = await normaliseBytes(db, bytes, { name: path }).catch((thrown: unknown) => thrown);
      if (!isFailure(error)) throw new Error(`${path} was not refused: ${String(error)}`);
      expect([error.name, codes(rejection.reason_any_of)]).toEqual(["Malformed", expect.arrayContaining([error.code])]);
      return;
    }
    const out = await normaliseBytes(db, bytes, { name: path });
    const { counts, rows, quarantine } = out;
    const { lines = 0, accept = 0, quarantine: refused = 0, either = 0, blank = 0 } = expected;
    expect(counts).toMatchObject({ lines, blank });
    expect(rows.length).toBe(counts.rows);
    expect(counts.rows + counts.quarantined).toBe(accept + refused + either);
    expect(counts.rows).toBeGreaterThanOrEqual(accept);
    if (expected.sessions !== undefined) expect(rows.map((row) => row["session"])).toEqual(expected.sessions);

    const text = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
    for (const line of expected.line_expectations ?? []) {
      const row = rows.find((candidate) => candidate["source_line"] === line.line);
      const entry = quarantine.find((candidate) => candidate.line === line.line);
      const outcome = row !== undefined ? "accept" : entry !== undefined ? "quarantine" : "blank";
      expect(line.outcome === "either" ? ["accept", "quarantine"] : [line.outcome]).toContain(outcome);
      if (row !== undefined) checkRow(row, line);
      if (entry !== undefined) {
        expect(codes([line.reason ?? ""])).toContain(entry.reason);
        expect(entry).toMatchObject({ offset: line.byte_offset, length: line.bytes });
        const content = text.subarray(entry.offset, entry.offset + entry.length);
        expect(createHash("sha256").update(content).digest("hex")).toBe(entry.sha256);
      }
    }
    const kept = quarantine.map(({ offset, length, ending }) => text.subarray(offset, offset + length + ending));
    expect(out.quarantinedBytes.equals(Buffer.concat(kept))).toBe(true);
  });

  test("quarantined bytes, fed again, show the same faults", async () => {
    for (const [path] of logs.filter(([name]) => /nul|utf8|surrog|nan|two-on|lone-cr|not-obj|dupl/.test(name))) {
      const first = await normaliseBytes(db, readFileSync(join(FOLDER, path)));
      const again = await normaliseBytes(db, first.quarantinedBytes);
      expect(again.counts.rows).toBe(0);
      expect(again.quarantine.map(({ reason, sha256 }) => [reason, sha256])).toEqual(
        first.quarantine.map(({ reason, sha256 }) => [reason, sha256]),
      );
    }
  });
});
