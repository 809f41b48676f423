import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENVIRONMENTS } from "../../core/model/pipeline.ts";
import type { Permissions } from "../../lib/checks/policy/authorise.ts";
import { lintPermissions } from "../../lib/checks/policy/lint.ts";
import { domains } from "../../state-machines/index.ts";
import { synthesised } from "./assembly.ts";
import { questionsOf, wrongAnswers } from "./questions.ts";

const pipelines = domains.map(({ pipeline }) => pipeline);
let assembly: ReturnType<typeof synthesised>;
beforeAll(() => {
  assembly = synthesised();
});
afterAll(() => assembly.remove());

describe.each(ENVIRONMENTS)("the permissions of %s", (name) => {
  it("answer every question about a task as its declaration does", () => {
    const permissions = assembly.permissions(name);
    const questions = questionsOf(name, pipelines, choicesIn(permissions));
    expect(questions.filter(({ declared }) => declared).length).toBeGreaterThan(200);
    expect(questions.filter(({ declared }) => !declared).length).toBeGreaterThan(2000);
    expect(wrongAnswers(permissions, questions)).toEqual([]);
  });

  it("hold no wildcard that a reviewer would object to, and no statement that never applies", () => {
    expect(lintPermissions(assembly.permissions(name), name)).toEqual([]);
  });
});

/** What the environment has chosen, as its templates tell. */
const choicesIn = ({ resources, roles }: Permissions) =>
  ({
    lake: resources.some(({ type }) => type === "AWS::S3Tables::TableBucket") ? "s3tables" : "glue",
    dbt: roles.some(({ statements }) =>
      statements.some(({ actions }) => actions.includes("athena:StartQueryExecution")),
    )
      ? "athena"
      : "duckdb",
  }) as const;
