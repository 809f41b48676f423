import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";
import { ACCOUNT, arnOf, attributeOf, nameOf, refOf, REGION, type Declared } from "./identities.ts";

const Template = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
  Outputs: z
    .record(z.string(), z.looseObject({ Value: z.unknown(), Export: z.looseObject({ Name: z.unknown() }).optional() }))
    .default({}),
});

/** The stacks of one environment by name, as they are in its folder of the assembly. */
export type Stacks = Readonly<Record<string, z.infer<typeof Template>>>;

export const readStacks = (folder: string): Stacks =>
  Object.fromEntries(
    globSync(join(folder, "*.template.json")).map((path) => [
      basename(path, ".template.json"),
      Template.parse(JSON.parse(readFileSync(path, "utf8"))),
    ]),
  );

/** A resource whose names and references are literal, as if it had been deployed. */
export interface Deployed extends Declared {
  readonly arn: () => string;
  readonly name: () => string;
}

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Region": REGION,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** Every resource of one environment, with `Ref`, `Fn::GetAtt`, `Fn::Join` and the like resolved on demand. */
export function deploy(stacks: Stacks): readonly Deployed[] {
  const resources = new Map(
    Object.entries(stacks).flatMap(([stack, { Resources }]) =>
      Object.entries(Resources).map(([logicalId, { Type, Properties }]) => {
        const declared: Declared = {
          type: Type,
          stack,
          logicalId,
          property: (name) => resolve(stack, Properties[name]),
        };
        const deployed = { ...declared, arn: () => arnOf(declared), name: () => nameOf(declared) };
        return [`${stack} ${logicalId}`, deployed] as const;
      }),
    ),
  );
  const find = (stack: string, logicalId: string): Deployed => {
    const found = resources.get(`${stack} ${logicalId}`);
    if (found === undefined) throw new Error(`${stack} refers to ${logicalId}, which it does not declare.`);
    return found;
  };

  function resolve(stack: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => resolve(stack, one));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [name = "", argument] = entries[0] ?? [];
    if (entries.length === 1 && (name === "Ref" || name.startsWith("Fn::"))) return call(stack, name, argument);
    return Object.fromEntries(entries.map(([key, one]) => [key, resolve(stack, one)]));
  }

  function call(stack: string, name: string, argument: unknown): unknown {
    const list = (): unknown[] => z.array(z.unknown()).parse(resolve(stack, argument));
    switch (name) {
      case "Ref":
        return PSEUDO[String(argument)] ?? refOf(find(stack, String(argument)));
      case "Fn::GetAtt": {
        const [logicalId = "", attribute = ""] = z.array(z.string()).parse(argument);
        return attributeOf(find(stack, logicalId), attribute);
      }
      case "Fn::Join": {
        const [separator, parts] = list();
        return z.array(z.unknown()).parse(parts).map(String).join(String(separator));
      }
      case "Fn::Split": {
        const [separator, text] = list();
        return String(text).split(String(separator));
      }
      case "Fn::Select": {
        const [index, parts] = list();
        return z.array(z.unknown()).parse(parts)[Number(index)];
      }
      case "Fn::Sub":
        return z
          .string()
          .parse(argument)
          .replaceAll(/\$\{([^!}]+)\}/g, (_, key: string) => {
            const [logicalId = "", ...attribute] = key.split(".");
            if (attribute.length === 0) return String(call(stack, "Ref", logicalId));
            return String(call(stack, "Fn::GetAtt", [logicalId, attribute.join(".")]));
          })
          .replaceAll("${!", "${");
      case "Fn::ImportValue":
        return imported(String(resolve(stack, argument)));
      default:
        throw new Error(`${stack} uses ${name}, which is not resolved here: see lib/checks/policy/stacks.ts.`);
    }
  }

  function imported(name: string): unknown {
    for (const [stack, { Outputs }] of Object.entries(stacks)) {
      const output = Object.values(Outputs).find(({ Export }) => resolve(stack, Export?.Name) === name);
      if (output !== undefined) return resolve(stack, output.Value);
    }
    throw new Error(`Nothing exports ${name}.`);
  }

  return [...resources.values()];
}
