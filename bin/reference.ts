import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "../lib/reference/pages.ts";
import { domains } from "../state-machines/index.ts";
import { cliPage } from "./cli/reference.ts";

/** Writes the generated pages of docs/reference; with `--check` it only says which are stale, and fails. */
const folder = join(import.meta.dirname, "..", "docs", "reference");
const pages = Object.entries({ ...referencePages(domains.map(({ pipeline }) => pipeline)), "cli.md": cliPage() });
const stale = pages.filter(([name, text]) => {
  const path = join(folder, name);
  return !existsSync(path) || readFileSync(path, "utf8") !== text;
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) {
    console.error(
      `Stale: ${stale.map(([name]) => `docs/reference/${name}`).join(", ")}. Run npm run reference and commit.`,
    );
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(folder, name), text);
  console.log(stale.length === 0 ? "docs/reference is current." : `Wrote ${stale.map(([name]) => name).join(", ")}.`);
}
