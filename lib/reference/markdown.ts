/** A Markdown table; `|` and line breaks inside cells are kept readable. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

export const code = (text: string): string => `\`${text}\``;

/** Several values in one cell; a dash for none. */
export const listed = (values: readonly string[]): string =>
  values.length === 0 ? "-" : values.map(code).join("<br>");

/** A page that says where it comes from: whoever edits it by hand is told by the checks. */
export const page = (title: string, intro: string, ...parts: readonly string[]): string =>
  [
    `# ${title}`,
    intro,
    "_Generated from `state-machines/*/pipeline.ts` by `npm run reference`; `npm run check` fails on a stale copy._",
    ...parts,
  ].join("\n\n") + "\n";
