/** Text as all readers of documents give it: one blank between words, no blank lines. */
export const tidyLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.replaceAll(/[ \u00a0]+/g, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
