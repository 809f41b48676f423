import { Parser } from "htmlparser2";
import { tidyLines } from "./tidy-lines.ts";

/** Nothing of these is read by people. */
const UNSEEN: ReadonlySet<string> = new Set(["script", "style", "template", "noscript", "svg", "head"]);
/** Words on both sides of one of these are not one word. */
const INLINE: ReadonlySet<string> = new Set(
  "a abbr b bdi bdo cite code data dfn em font i kbd mark q s samp small span strong sub sup time tt u var wbr".split(
    " ",
  ),
);

export interface HtmlText {
  /** Null where the document names none. */
  readonly title: string | null;
  readonly text: string;
}

/** What a person reads of a page: a line for each block, character references resolved, no markup. */
export function htmlText(source: string): HtmlText {
  const parts: string[] = [];
  let title: string | undefined;
  let inTitle = false;
  let unseen = 0;
  const parser = new Parser({
    onopentagname(name) {
      if (name === "title") inTitle = title === undefined;
      if (UNSEEN.has(name)) unseen += 1;
      else if (!INLINE.has(name)) parts.push("\n");
    },
    ontext(text) {
      if (inTitle) title = (title ?? "") + text;
      else if (unseen === 0) parts.push(text.replaceAll(/\s+/g, " "));
    },
    onclosetag(name) {
      if (name === "title") inTitle = false;
      if (UNSEEN.has(name)) unseen -= 1;
      else if (!INLINE.has(name)) parts.push("\n");
    },
  });
  parser.end(source);
  const named = (title ?? "").replaceAll(/\s+/g, " ").trim();
  return { title: named === "" ? null : named, text: tidyLines(parts.join("")) };
}
