import { describe, expect, it } from "vitest";
import { outlineOf } from "./block-outline.ts";
import { courseStructure } from "./structure.ts";
import { parseXml } from "./xml.ts";

const key = { org: "O", course: "C", run: "R", id: "course-v1:O+C+R" };

function structure(files: Readonly<Record<string, string>>) {
  return courseStructure(key, (name) => {
    const text = files[name];
    const parsed = text === undefined ? undefined : parseXml(Buffer.from(text));
    return parsed?.ok === true ? outlineOf(parsed.root) : undefined;
  });
}

const ids = (files: Readonly<Record<string, string>>) =>
  structure(files).blocks.map(({ block_type, block_id }) => `${block_type}/${block_id}`);

describe("the course that learners can reach", () => {
  it("goes depth-first through files and through blocks that stand inline", () => {
    const { blocks, counts } = structure({
      "course/R":
        '<course display_name="T" start="2026-01-01T00:00:00Z"><chapter url_name="a"/><wiki slug="w"/><chapter url_name="b"/></course>',
      "chapter/a":
        '<chapter display_name="A"><sequential url_name="s" display_name="S"><vertical url_name="v"/></sequential></chapter>',
      "chapter/b": '<chapter due="2026-02-01T00:00:00Z"/>',
      "vertical/v": '<vertical><html url_name="h"/><poll url_name="p" question="?"/></vertical>',
      "html/h": "<html><p url_name='x'>text</p></html>",
    });
    const row = (type: string, id: string, parent: string | null, index: number, depth: number, inline: boolean) =>
      expect.objectContaining({
        block_type: type,
        block_id: id,
        block_parent: parent,
        block_index: index,
        block_depth: depth,
        is_inline: inline,
      });
    expect(blocks).toEqual([
      row("course", "R", null, 1, 0, false),
      row("chapter", "a", "R", 2, 1, false),
      row("sequential", "s", "a", 3, 2, true),
      row("vertical", "v", "s", 4, 3, false),
      row("html", "h", "v", 5, 4, false),
      row("poll", "p", "v", 6, 4, true),
      row("chapter", "b", "R", 7, 1, false),
    ]);
    expect(counts).toEqual({ course: 1, chapter: 2, sequential: 1, vertical: 1, html: 1, poll: 1 });
    expect(blocks[0]).toMatchObject({
      usage_key: "block-v1:O+C+R+type@course+block@course",
      block_title: "T",
      parent_usage_key: null,
    });
    expect(blocks[1]).toMatchObject({
      usage_key: "block-v1:O+C+R+type@chapter+block@a",
      parent_usage_key: "block-v1:O+C+R+type@course+block@course",
    });
    expect(blocks[6]).toMatchObject({ block_due: "2026-02-01T00:00:00Z", xml_path: "chapter/b.xml" });
  });

  it("counts pointers without a file and gives them no number", () => {
    const found = structure({
      "course/R": '<course><chapter url_name="gone"/><chapter url_name="here"/></course>',
      "chapter/here": "<chapter/>",
    });
    expect(found.dangling).toEqual(["chapter/gone"]);
    expect(found.blocks.map(({ block_index }) => block_index)).toEqual([1, 2]);
  });

  it("visits a block once, and finds children of blocks that it does not know", () => {
    expect(
      ids({
        "course/R": '<course><chapter url_name="a"/><chapter url_name="a"/></course>',
        "chapter/a":
          '<chapter><problem-builder url_name="pb"><pb-mcq url_name="q" question="?"/><title>x</title></problem-builder></chapter>',
      }),
    ).toEqual(["course/R", "chapter/a", "problem-builder/pb", "pb-mcq/q"]);
  });

  it("follows a name with a colon into its folder", () => {
    expect(ids({ "course/R": '<course><chapter url_name="x:y"/></course>', "chapter/x/y": "<chapter/>" })).toContain(
      "chapter/x:y",
    );
  });

  it("gives an inline block without a name one from its content", () => {
    const names = ids({ "course/R": "<course><chapter><html>a</html><html>b</html></chapter></course>" });
    expect(names).toHaveLength(4);
    expect(names[2]).toMatch(/^html\/html_[0-9a-f]{12}$/);
  });

  it("takes any element name for a block type", () => {
    expect(
      structure({ "course/R": '<course><constructor url_name="a" x="1"/><__proto__ url_name="b" x="1"/></course>' })
        .counts,
    ).toHaveProperty("constructor", 1);
  });

  it("refuses a cycle and a tower", () => {
    const cycle = {
      "course/R": '<course><vertical url_name="v"/></course>',
      "vertical/v": '<vertical><vertical url_name="v"/></vertical>',
    };
    expect(() => structure(cycle)).toThrow(expect.objectContaining({ name: "Malformed", code: "course_cycle" }));
    const tower = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`vertical/${n}`, `<vertical><vertical url_name="${n + 1}"/></vertical>`]),
    );
    expect(() => structure({ "course/R": '<course><vertical url_name="0"/></course>', ...tower })).toThrow(
      expect.objectContaining({ code: "course_too_deep" }),
    );
  });
});
