import { posix } from "node:path";
import type { HtmlText } from "./html-text.ts";
import { xmlEvents } from "./xml-events.ts";
import { ZipParts } from "./zip-parts.ts";
import { tidyLines } from "./tidy-lines.ts";

/** Ends of relationship types; what is before them differs between the transitional and the strict form. */
const NOTES = ["/footnotes", "/endnotes"] as const;
const SLIDE = "/slide";
const SLIDE_NOTES = "/notesSlide";

interface Relation {
  readonly id: string;
  readonly type: string;
  /** Name of the part in the file. */
  readonly target: string;
}

/**
 * What a person reads of a Word document or of slides (Office Open XML, ECMA-376), a line for each paragraph; slides in
 * their order, each with its notes. No macro, field or link is followed. Throws an Error in words for what is damaged.
 */
export function officeText(bytes: Buffer): HtmlText {
  const parts = new ZipParts(bytes);
  const roots = relations(parts, "");
  const main = roots.find(({ type }) => type.endsWith("/officeDocument"));
  if (main === undefined) throw new Error("it names no main document: it is no Office Open XML");
  const below = relations(parts, main.target);
  const slides = below.filter(({ type }) => type.endsWith(SLIDE));
  const text =
    slides.length === 0 && !main.target.toLowerCase().endsWith("presentation.xml")
      ? [main, ...below.filter(({ type }) => NOTES.some((end) => type.endsWith(end)))].map(({ target }) => target)
      : inOrder(need(parts, main.target), slides).flatMap(({ target }) => [
          target,
          ...relations(parts, target).flatMap(({ type, target: notes }) => (type.endsWith(SLIDE_NOTES) ? [notes] : [])),
        ]);
  const core = roots.find(({ type }) => type.endsWith("/core-properties"));
  return {
    title: core === undefined ? null : titleOf(parts.read(core.target)),
    text: text
      .map((part) => paragraphs(need(parts, part)))
      .filter((words) => words !== "")
      .join("\n"),
  };
}

function need(parts: ZipParts, name: string): Buffer {
  const part = parts.read(name);
  if (part === undefined) throw new Error(`it has no part ${JSON.stringify(name.slice(0, 100))}`);
  return part;
}

/** Of a part, or of the file itself: `""`. What lies outside the file is none. */
function relations(parts: ZipParts, part: string): Relation[] {
  const { dir, base } = posix.parse(part);
  const bytes = parts.read(posix.join(dir, "_rels", `${base}.rels`));
  const found: Relation[] = [];
  if (bytes === undefined) return found;
  xmlEvents(bytes, {
    open(name, attributes) {
      const [id, type, target] = ["Id", "Type", "Target"].map((key) => attributes.get(key));
      if (name !== "Relationship" || attributes.get("TargetMode") === "External") return;
      if (id === undefined || type === undefined || target === undefined) return;
      found.push({ id, type, target: posix.join("/", target.startsWith("/") ? "" : dir, target).slice(1) });
    },
  });
  return found;
}

/** As the presentation shows its slides; those that it does not list are shown to nobody. */
function inOrder(presentation: Buffer, slides: readonly Relation[]): Relation[] {
  const byId = new Map(slides.map((slide) => [slide.id, slide]));
  const order: Relation[] = [];
  xmlEvents(presentation, {
    open(name, attributes, above) {
      if (name !== "sldId" || above.at(-1) !== "sldIdLst") return;
      // `id` is its number, `r:id` its relation.
      const slide = byId.get(attributes.get("id") ?? "");
      if (slide !== undefined) order.push(slide);
    },
  });
  return order;
}

/** `t` is text in documents, drawings and formulas alike. Deleted and computed text has elements of its own. */
function paragraphs(part: Buffer): string {
  const pieces: string[] = [];
  let unseen = 0;
  xmlEvents(part, {
    open(name, _attributes, above) {
      if (isUnseen(name)) unseen += 1;
      if (unseen > 0) return;
      // Tab stops of a paragraph's form are elements of the same name.
      if (name === "tab" && above.at(-1) === "r") pieces.push("\t");
      if (name === "br" || name === "cr") pieces.push("\n");
      if (name === "noBreakHyphen") pieces.push("-");
    },
    text(text, above) {
      if (unseen === 0 && above.at(-1) === "t") pieces.push(text);
    },
    close(name) {
      if (isUnseen(name)) unseen -= 1;
      if (name === "p") pieces.push("\n");
    },
  });
  return tidyLines(pieces.join(""));
}

/** `Fallback` says again what a choice before it says; `fld` is the number or the date of a slide. */
const isUnseen = (name: string): boolean => name === "Fallback" || name === "fld";

function titleOf(core: Buffer | undefined): string | null {
  let title = "";
  if (core !== undefined) {
    xmlEvents(core, {
      text: (text, above) => {
        if (above.at(-1) === "title") title += text;
      },
    });
  }
  return title.trim() === "" ? null : title.trim();
}
