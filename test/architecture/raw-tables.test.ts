import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareByteOrder } from "../../core/model/content-digest.ts";
import { domains } from "../../state-machines/index.ts";

const STAGING = join(import.meta.dirname, "../../dbt/models/staging");
const files = readdirSync(STAGING, { recursive: true }).map(String);
const textOf = (ending: RegExp): string[] =>
  files.filter((file) => ending.test(file)).map((file) => readFileSync(join(STAGING, file), "utf8"));
const sources = new Set(
  textOf(/_sources\.yml$/).flatMap((text) => [...text.matchAll(/- name: (raw__\w+)$/gm)].map(([, name = ""]) => name)),
);
const models = textOf(/\.sql$/).join("\n");
const tested = new Set(
  textOf(/(?<!_sources)\.yml$/).flatMap((text) =>
    text
      .split(/^ {2}- name: /m)
      .filter((model) => model.includes("data_tests:"))
      .map((model) => model.split("\n", 1)[0]?.trim()),
  ),
);

/** How the staging models name a raw table: some are named by what they have in common. */
function isRead(table: string): boolean {
  const course = /^raw__[a-z]+__openedx__(?<via>xml|api)__course_(?<entity>\w+)$/.exec(table)?.groups;
  if (course !== undefined) {
    const calls = [...models.matchAll(new RegExp(`course_rows\\('${course["entity"]}',[^}]*`, "g"))];
    return calls.some(([call]) => call.includes("'api'") === (course["via"] === "api"));
  }
  const edxorg = /^raw__edxorg__s3__tables__(?<entity>\w+)$/.exec(table)?.groups?.["entity"];
  return edxorg === undefined ? models.includes(`'${table}'`) : models.includes(`edxorg_table('${edxorg}',`);
}

const declared = [
  ...new Set(
    domains.flatMap(({ pipeline }) =>
      pipeline.assets.flatMap(({ tables }) =>
        tables.filter((table) => table.startsWith("raw.")).map((table) => table.slice(4)),
      ),
    ),
  ),
];

describe("every raw table that is declared", () => {
  it("is a source of dbt, and every source is declared", () => {
    expect(declared.toSorted(compareByteOrder)).toEqual([...sources].toSorted(compareByteOrder));
  });

  it("is read by a staging model", () => {
    expect(declared.filter((table) => !isRead(table))).toEqual([]);
  });

  it("comes out of staging with tests", () => {
    const names = files.filter((file) => file.endsWith(".sql")).map((file) => file.split("/").at(-1)?.slice(0, -4));
    expect(names.filter((name) => !tested.has(name ?? ""))).toEqual([]);
  });
});
