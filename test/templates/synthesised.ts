import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import * as z from "zod";
import type { Choices } from "../../lib/constructs/grant.ts";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";

const Template = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().optional(),
    }),
  ),
});
export type Template = z.infer<typeof Template>;

/** What the environment has chosen, as its templates tell. */
export const choicesOf = (templates: readonly Template[]): Omit<Choices, "origins"> => ({
  lake: resources(templates, "AWS::S3Tables::TableBucket").length > 0 ? "s3tables" : "glue",
  dbt: JSON.stringify(templates).includes("MILLRACE_ATHENA_WORKGROUP") ? "athena" : "duckdb",
  encryption: resources(templates, "AWS::KMS::Key").length > 0 ? "own" : "aws",
});

export const root = join(import.meta.dirname, "..", "..");

/** The assembly as `cdk synth` makes it, every environment, without credentials. */
export function synthesise(): {
  readonly templates: ReadonlyMap<EnvironmentName, readonly Template[]>;
  remove(): void;
} {
  const outdir = mkdtempSync(join(tmpdir(), "millrace-templates-"));
  execFileSync(process.execPath, [join(root, "bin", "app.ts")], {
    env: { PATH: process.env["PATH"], CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ duckdbLayer: "host" }) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const templates = new Map(ENVIRONMENTS.map((name) => [name, read(join(outdir, `assembly-${name}`))] as const));
  return { templates, remove: () => rmSync(outdir, { recursive: true, force: true }) };
}

/** Runs the app with a context and gives what it said. */
export function appError(context: Readonly<Record<string, unknown>>): string {
  try {
    execFileSync(process.execPath, [join(root, "bin", "app.ts")], {
      env: {
        PATH: process.env["PATH"],
        CDK_OUTDIR: join(tmpdir(), "millrace-never"),
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const read = (folder: string): readonly Template[] =>
  globSync(join(folder, "*.template.json")).map((path) => {
    const parsed = Template.safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (!parsed.success) throw new Error(`${basename(path)} is no template: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  });

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

export const resources = (templates: readonly Template[], type?: string): readonly Resource[] =>
  templates.flatMap(({ Resources }) =>
    Object.entries(Resources)
      .filter(([, resource]) => type === undefined || resource.Type === type)
      .map(([id, { Type, Properties, DeletionPolicy }]) => ({
        id,
        type: Type,
        properties: Properties,
        deletionPolicy: DeletionPolicy,
      })),
  );

const Statement = z.looseObject({
  Effect: z.string(),
  Action: z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat()),
  Resource: z
    .unknown()
    .transform((value: unknown) => (Array.isArray(value) ? value.map((one: unknown) => one) : [value])),
});
const Document = z.object({ Statement: z.array(Statement) });

/** What is allowed to whom: the policies of roles, without the policies on resources. */
export const allowed = (templates: readonly Template[]) =>
  resources(templates, "AWS::IAM::Policy").flatMap(({ id, properties }) =>
    Document.parse(properties["PolicyDocument"])
      .Statement.filter(({ Effect }) => Effect === "Allow")
      .map((statement) => ({ policy: id, actions: statement.Action, resources: statement.Resource })),
  );

/** The assembly for the tests of one file, and its resources by environment and type. */
export function useAssembly() {
  let assembly: ReturnType<typeof synthesise>;
  beforeAll(() => {
    assembly = synthesise();
  });
  afterAll(() => assembly.remove());
  const templates = (name: EnvironmentName): readonly Template[] => assembly.templates.get(name) ?? [];
  return {
    templates,
    of: (name: EnvironmentName, type?: string): readonly Resource[] => resources(templates(name), type),
  };
}
