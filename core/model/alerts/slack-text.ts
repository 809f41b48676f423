/** Slack's limits, https://docs.slack.dev/reference/block-kit/blocks and `@slack/types`; lengths in UTF-16 units. */
export const SLACK = {
  blocks: 50,
  header: 150,
  section: 3_000,
  /** Slack's own: 2,000 a field. */
  button: 75,
  url: 3_000,
  actions: 25,
  context: 10,
} as const;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const MORE = "...";

/** The longest beginning of the text that has at most `max` units, whole characters only, with `...` where cut. */
export const cut = (text: string, max: number): string => fit(text, max, (character) => character);

/** Escaped as Slack asks, so that no text of others makes a link, calls a person or opens a fence; the result has at most `max` units. */
export const escaped = (text: string, max: number): string =>
  fit(text.replaceAll("```", "'''"), max, (character) => ENTITIES[character] ?? character);

function fit(text: string, max: number, encode: (character: string) => string): string {
  let out = "";
  /** Where `out` ends when something has to be left off. */
  let whole = 0;
  for (const character of text.toWellFormed()) {
    const next = encode(character);
    if (out.length + next.length > max) return out.slice(0, whole) + (max >= MORE.length ? MORE : "");
    out += next;
    if (out.length <= max - MORE.length) whole = out.length;
  }
  return out;
}

/** On one line, without what Slack reads as a break. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

const FENCE = "```";

/** A code fence that its content cannot leave. At most `max` units with the fence. */
export const fenced = (text: string, max: number): string =>
  `${FENCE}${escaped(text, max - 2 * FENCE.length) || "-"}${FENCE}`;
