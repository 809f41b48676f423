import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { legacyJsonText } from "../../core/model/legacy-json.ts";
import { readDocument } from "./document.ts";
import { flatten } from "./flatten.ts";
import { placesOf } from "./places.ts";
import { structureRows } from "./rows.ts";

const document = (value: unknown) => readDocument(JSON.stringify(value));
const block = (children?: string[], category = "html") => ({
  category,
  ...(children === undefined ? {} : { children }),
});
const indexes = (value: unknown) =>
  Object.fromEntries([...placesOf(document(value).blocks)].map(([id, { index }]) => [id, index]));
const parents = (value: unknown) =>
  Object.fromEntries([...placesOf(document(value).blocks)].map(([id, { parent }]) => [id, parent]));

describe("places", () => {
  it("are counted depth-first from the course, children in order, wherever the document has them", () => {
    const value = {
      z: block(),
      c1: block(["z", "y"], "chapter"),
      course: block(["c2", "c1"], "course"),
      y: block(),
      c2: block(["x"], "chapter"),
      x: block(),
    };
    expect(indexes(value)).toEqual({ course: 1, c2: 2, x: 3, c1: 4, z: 5, y: 6 });
    expect(parents(value)).toEqual({ course: null, c2: "course", c1: "course", x: "c2", z: "c1", y: "c1" });
  });

  it("skip what the document does not hold, and number nothing that nothing leads to", () => {
    expect(
      indexes({ course: block(["library", "a"], "course"), a: block(), lost: block(["orphan"]), orphan: block() }),
    ).toEqual({
      course: 1,
      a: 2,
      lost: 0,
      orphan: 0,
    });
  });

  it("of a block with several parents are where it is met first, under the last of the document", () => {
    const value = { course: block(["a", "b"], "course"), b: block(["s"]), a: block(["s"]), s: block() };
    expect(indexes(value)).toEqual({ course: 1, a: 2, s: 3, b: 4 });
    expect(parents(value)).toMatchObject({ s: "a" });
    const other = { course: block(["a", "b"], "course"), a: block(["s"]), b: block(["s"]), s: block() };
    expect(parents(other)).toMatchObject({ s: "b" });
  });

  it.each([
    [{ course: block(["a"], "course"), a: block(["b"]), b: block(["a"]) }],
    [{ course: block(["course"], "course") }],
    [{ course: block([], "course"), a: block(["b"]), b: block(["a"]) }],
  ])("of blocks that contain themselves are none: %j", (value) => {
    expect(() => indexes(value)).toThrow(/contains itself/);
  });

  it("are found at any depth", () => {
    const ids = Array.from({ length: 50_000 }, (_, index) => `b${index}`);
    const chain = Object.fromEntries(
      ids.map((id, index) => [id, block(index + 1 < ids.length ? [`b${index + 1}`] : [])]),
    );
    expect(indexes({ course: block(["b0"], "course"), ...chain })).toMatchObject({ course: 1, b0: 2, b49999: 50_001 });
  });
});

describe("flattening", () => {
  const flat = (value: unknown) => legacyJsonText(flatten(document(value).document));

  it("joins nested keys, keeps lists and drops empty objects", () => {
    expect(flat({ a: { b: { c: 1, d: {} }, e: [{ f: 1 }] }, g: { h: null } })).toBe(
      '{"a__b__c": 1, "a__e": [{"f": 1}], "g__h": null}',
    );
  });

  it("that gives two paths one name is Malformed and names both", () => {
    expect(() => flat({ a: { b: { c: 1 }, b__c: 2 } })).toThrow(/"a" > "b" > "c" and "a" > "b__c"/);
  });
});

describe("rows", () => {
  const text =
    '{"10": {"category": "html", "metadata": {"weight": 1.0, "n": 12345678901234567890, "display_name": "é"}}, ' +
    '"2": {"category": "course", "children": ["10"], "metadata": {"display_name": "Title", "start": "2026-01-01"}}}';
  const { sha256, structure, blocks } = structureRows(readDocument(text), "course-v1:O+C+R", "2026-01-15T00:00:00Z");
  const digest = (value: string) => createHash("sha256").update(value).digest("hex");

  it("keep order and spelling, and their hashes are those of the legacy form", () => {
    const legacy = text.replace("é", "\\u00e9");
    expect(sha256).toBe(digest(legacy));
    expect(legacyJsonText(structure)).toContain(
      `"course_structure": ${legacy}, "course_structure_flattened": {"10__category"`,
    );
    const [first] = blocks();
    expect(first?.get("block_content_hash")).toBe(
      digest('{"category": "html", "metadata": {"weight": 1.0, "n": 12345678901234567890, "display_name": "\\u00e9"}}'),
    );
  });

  it("of blocks say where they stand and what course it is", () => {
    const rows = [...blocks()].map((row) => JSON.parse(legacyJsonText(row)));
    expect(rows).toEqual([
      expect.objectContaining({
        ...{ block_id: "10", block_type: "html", block_title: "é", block_start: null, block_due: null },
        ...{ block_parent: "2", block_index: 2, course_id: "course-v1:O+C+R", course_title: "Title" },
        ...{ course_start: "2026-01-01", course_content_hash: sha256, retrieved_at: "2026-01-15T00:00:00Z" },
      }),
      expect.objectContaining({ block_id: "2", block_parent: null, block_index: 1 }),
    ]);
  });

  it("without a course have no number, no title, and a warning", () => {
    const { blocks: rows, warnings } = structureRows(document({ a: block(["b"]), b: block() }), "c", "t");
    expect([...rows()].map((row) => legacyJsonText(row.get("block_index") ?? null))).toEqual(["0", "0"]);
    expect([...rows()].map((row) => row.get("course_title"))).toEqual([null, null]);
    expect(warnings).toHaveLength(1);
  });

  it.each(["[]", '{"a": 1}', '{"a": {"children": {}}}', '{"a": {"children": [1]}}', '{"a": '])(
    "of %s are none",
    (wrong) => {
      expect(() => structureRows(readDocument(wrong), "c", "t")).toThrow(
        expect.objectContaining({ name: "Malformed" }),
      );
    },
  );
});
