import { describe, expect, it } from "vitest";
import { memberName } from "./member-name.ts";
import { EDXORG_TABLES } from "../sources/tables.ts";

const read = (name: string): string | undefined => {
  const found = memberName(name);
  if (found === undefined) return undefined;
  const { category, table, label, courseId, org, number, run, source, marker, extension } = found;
  const kind = [category, table, label].filter((part) => part !== undefined).join("/");
  return `${kind} ${courseId} = ${org} ${number} ${run}, ${source} (${marker ?? "none"}) .${extension}`;
};

describe("the name of a member", () => {
  it.each([
    [
      "MITx-15.415x-3T2018-auth_user-prod.sql",
      "db_table/auth_user MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (prod) .tsv",
    ],
    [
      "MITx-15.415x-3T2018-course_structure-edge.json",
      "course_structure/course_structure MITx-15.415x-3T2018 = MITx 15.415x 3T2018, edge (edge) .json",
    ],
    ["MITx-15.415x-3T2018.mongo", "forum_mongo MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (none) .mongo"],
    [
      "mitx-2026-01-04/MITx-15.415x-3T2018-course-prod-analytics.json",
      "course_structure/course MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (prod) .json",
    ],
    [
      "MITx-15.415x-3T2018-course-prod-edge.xml.tar.gz",
      "course_xml MITx-15.415x-3T2018 = MITx 15.415x 3T2018, edge (prod-edge) .xml.tar.gz",
    ],
    [
      "MITx-15.415x-3T2018-edge.xml.tar.gz",
      "course_xml MITx-15.415x-3T2018 = MITx 15.415x 3T2018, edge (edge) .xml.tar.gz",
    ],
    [
      "MITx-15.415x-3T2018-course.xml.tar.gz",
      "course_xml MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (none) .xml.tar.gz",
    ],
    [
      "MITx-15.415x-3T2018-prod-edge-analytics.mongo",
      "forum_mongo MITx-15.415x-3T2018 = MITx 15.415x 3T2018, edge (prod-edge) .mongo",
    ],
    // A table may have the name of a label, and a number may have hyphens.
    [
      "MITx-CTL-SC0x-2T2024-course-prod.sql",
      "db_table/course MITx-CTL-SC0x-2T2024 = MITx CTL-SC0x 2T2024, prod (prod) .tsv",
    ],
    [
      "MITx-15.356-1x-2T2024-course_structure-prod.sql",
      "db_table/course_structure MITx-15.356-1x-2T2024 = MITx 15.356-1x 2T2024, prod (prod) .tsv",
    ],
    [
      "MITx-6.00x-2012_Fall-courseware_studentmodule-prod-analytics.sql",
      "db_table/courseware_studentmodule MITx-6.00x-2012_Fall = MITx 6.00x 2012_Fall, prod (prod) .tsv",
    ],
    // A run of letters looks like a table; the table is the last such token.
    ["MITx-6.00x-Fall-auth_user-prod.sql", "db_table/auth_user MITx-6.00x-Fall = MITx 6.00x Fall, prod (prod) .tsv"],
    [
      "MITx-6.00x-2T2016-ccx-123-auth_user-edge.sql",
      "db_table/auth_user MITx-6.00x-2T2016-ccx-123 = MITx 6.00x 2T2016, edge (edge) .tsv",
    ],
    [
      "MITx-6.00x-2T2016-ccx-123.mongo",
      "forum_mongo MITx-6.00x-2T2016-ccx-123 = MITx 6.00x 2T2016, prod (none) .mongo",
    ],
    // A run may have dots, and begin with a word of the grammar.
    [
      "MITx-6.00x-edge.2T2016-auth_user-prod-analytics.sql",
      "db_table/auth_user MITx-6.00x-edge.2T2016 = MITx 6.00x edge.2T2016, prod (prod) .tsv",
    ],
    ["MITx-6.00x-course.2.mongo", "forum_mongo MITx-6.00x-course.2 = MITx 6.00x course.2, prod (none) .mongo"],
    // Without digits it is a part of the number.
    [
      "MITx-6.00x-ccx-2T2016-auth_user-edge.sql",
      "db_table/auth_user MITx-6.00x-ccx-2T2016 = MITx 6.00x-ccx 2T2016, edge (edge) .tsv",
    ],
    [
      "MITx-6.00x-2T2016-ccx-7-course_structure-prod-edge-analytics.json",
      "course_structure/course_structure MITx-6.00x-2T2016-ccx-7 = MITx 6.00x 2T2016, edge (prod-edge) .json",
    ],
    ["MITx-6.00x-2T2016-analytics.mongo", "forum_mongo MITx-6.00x-2T2016 = MITx 6.00x 2T2016, prod (none) .mongo"],
    // Stored as what it is, and checked.
    [
      "MITx-15.415x-3T2018-brand_new-prod.sql",
      "db_table/brand_new MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (prod) .tsv",
    ],
    [
      "MITx-15.415x-3T2018-auth_user.sql",
      "db_table/auth_user MITx-15.415x-3T2018 = MITx 15.415x 3T2018, prod (none) .tsv",
    ],
  ])("%s", (name, expected) => {
    expect(read(name)).toBe(expected);
  });

  it.each([
    ["no table, so the last token would become the run", "MITx-15.415x-3T2018.sql"],
    ["no table but a source", "MITx-15.415x-3T2018-prod.sql"],
    ["no table but a source, after a number with a hyphen", "MITx-CTL-SC0x-3T2018-edge.sql"],
    ["another label", "MITx-15.415x-3T2018-policy-prod.json"],
    ["no label", "MITx-15.415x-3T2018-prod.json"],
    ["no run before the label", "MITx-15.415x-course.json"],
    ["a label of another category, which must not become the run", "MITx-15.415x-3T2018-course_structure.xml.tar.gz"],
    ["a label where there is none", "MITx-15.415x-3T2018-course-prod.mongo"],
    ["sources in another order", "MITx-15.415x-3T2018-edge-prod.mongo"],
    ["no run", "MITx-15.415x-prod.mongo"],
    ["two parts only", "MITx-15.415x.mongo"],
    ["another extension", "MITx-15.415x-3T2018-auth_user-prod.csv"],
    ["an extension in capitals", "MITx-15.415x-3T2018-auth_user-prod.SQL"],
    ["something behind the extension", "MITx-15.415x-3T2018-auth_user-prod.sql.bak"],
    ["a companion file of macOS", "mitx/._MITx-15.415x-3T2018-auth_user-prod.sql"],
    ["a letter of another script", "MITx-15.415х-3T2018-auth_user-prod.sql"],
    ["a line break", "MITx-15.415x-3T2018-auth_user-prod.sql\n"],
    ["an id that no partition may have", "MITx-...-3T2018.mongo"],
    ["a name without end", `MITx-${"1-".repeat(100_000)}3T2018.mongo`],
    ["nothing", ""],
    ["a folder", "MITx-15.415x-3T2018-auth_user-prod.sql/"],
  ])("says nothing: %s", (_reason, name) => {
    expect(read(name)).toBeUndefined();
  });

  it("is read for each of the 44 tables", () => {
    expect(new Set(EDXORG_TABLES).size).toBe(44);
    expect(EDXORG_TABLES.map((table) => memberName(`MITx-6.00x-1T2020-${table}-prod.sql`)?.table)).toEqual(
      EDXORG_TABLES,
    );
  });
});
