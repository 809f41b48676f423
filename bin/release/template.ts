import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { badInput } from "../cli/output.ts";

const Resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().default("Delete"),
  UpdateReplacePolicy: z.string().default("Delete"),
});
export type Resource = z.infer<typeof Resource>;

const Template = z.looseObject({ Resources: z.record(z.string(), Resource).default({}) });
export type Template = z.infer<typeof Template>;

/** Templates of one environment by the name of their stack. */
export type Templates = ReadonlyMap<string, Template>;

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.looseObject({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
    }),
  ),
});

export function parseTemplate(name: string, text: string): Template {
  try {
    return Template.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw badInput(
      `${name} is no CloudFormation template in JSON: ${reason}`,
      "Give the folder that `npx cdk synth` wrote.",
    );
  }
}

/** The templates of an environment in a synthesised assembly, the folder with `assembly-<environment>` in it. */
export function readAssembly(folder: string, environment: string): Templates {
  const stage = join(folder, `assembly-${environment}`);
  const path = join(stage, "manifest.json");
  if (!existsSync(path)) {
    throw badInput(
      `${folder} holds no ${environment}: ${path} does not exist.`,
      "`npx cdk synth --all` writes cdk.out.",
    );
  }
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(path, "utf8")));
  return new Map(
    Object.values(artifacts).flatMap(({ type, properties: { templateFile, stackName } = {} }) =>
      type === "aws:cloudformation:stack" && templateFile !== undefined && stackName !== undefined
        ? [[stackName, parseTemplate(templateFile, readFileSync(join(stage, templateFile), "utf8"))] as const]
        : [],
    ),
  );
}
