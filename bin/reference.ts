import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "../lib/reference/pages.ts";
import { domains } from "../state-machines/index.ts";
import { environmentOf } from "./environments.ts";
import { cliPage } from "./cli/reference.ts";
import { synthesised } from "./cost/assembly.ts";
import { costPage } from "./cost/page.ts";
import { readWorkload } from "./cost/workload.ts";

/** Writes the generated pages of docs; with `--check` it only says which are stale, and fails. */
const folder = join(import.meta.dirname, "..", "docs");
const pipelines = domains.map(({ pipeline }) => pipeline);
const reference = Object.entries({
  ...referencePages(pipelines, environmentOf("production").origins),
  "cli.md": cliPage(),
});
const templates = await synthesised(["dev", "ci", "qa", "production"]);
const pages = [
  ...reference.map(([name, text]) => [`reference/${name}`, text] as const),
  ["cost.md", costPage(templates, pipelines, readWorkload())] as const,
];
const stale = pages.filter(([name, text]) => {
  const path = join(folder, name);
  return !existsSync(path) || readFileSync(path, "utf8") !== text;
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) {
    console.error(`Stale: ${stale.map(([name]) => `docs/${name}`).join(", ")}. Run npm run reference and commit.`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(join(folder, "reference"), { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(folder, name), text);
  console.log(stale.length === 0 ? "docs is current." : `Wrote ${stale.map(([name]) => name).join(", ")}.`);
}
