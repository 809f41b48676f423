import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { namesOf } from "../../lib/environment.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";

const Manifest = z.looseObject({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      properties: z.looseObject({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
    }),
  ),
});
const Template = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** `platform`, or the domain of the stack. */
  readonly domain: string;
}

/** Every resource of one environment's stacks. */
export function readTemplates(assembly: string, environment: EnvironmentName): readonly Resource[] {
  const folder = join(assembly, `assembly-${environment}`);
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  // Only the prefix is asked for, which no organisation is part of.
  const { prefix } = namesOf({ name: environment, organisation: "" });
  return Object.values(artifacts).flatMap(({ type, properties }) => {
    if (type !== "aws:cloudformation:stack" || properties?.templateFile === undefined) return [];
    const domain = (properties.stackName ?? "").replace(`${prefix}-`, "").replaceAll("-", "_");
    const { Resources } = Template.parse(JSON.parse(readFileSync(join(folder, properties.templateFile), "utf8")));
    return Object.entries(Resources).map(([id, { Type, Properties }]) => ({
      id,
      type: Type,
      properties: Properties,
      domain,
    }));
  });
}

export const ofType = (resources: readonly Resource[], type: string): readonly Resource[] =>
  resources.filter((resource) => resource.type === type);

/** A literal number of a template, which may be written as text. */
export const numberIn = (value: unknown, fallback: number): number => {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : fallback;
};

export const memberOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Text of a template with its references as `{}`: enough to find a literal word in. */
export const textOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  const [separator, parts] = listOf(memberOf(value, "Fn::Join"));
  return Array.isArray(parts)
    ? parts.map((part: unknown) => (typeof part === "string" ? part : "{}")).join(String(separator))
    : "";
};
