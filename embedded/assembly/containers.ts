import { isList, isObject, numeric, text, type Json } from "./json.ts";
import type { Resource } from "./templates.ts";

/** The first container of a task definition: our tasks have one. */
export interface ContainerTask {
  /** `…:task-definition/<family>:1` */
  readonly arn: string;
  readonly family: string;
  readonly containerName: string;
  /** The image's build folder, with the bundle in it. */
  readonly imageDir: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
}

const DEFAULT_COMMAND = ["node", "index.js"];

export function containersOf(resources: readonly Resource[]): ContainerTask[] {
  return resources
    .filter((resource) => resource.type === "AWS::ECS::TaskDefinition")
    .flatMap(({ properties, stack, name, ref }) => {
      const definitions = properties["ContainerDefinitions"];
      const container = isList(definitions) ? definitions[0] : undefined;
      if (!isObject(container)) return [];
      const tag = (text(container["Image"]) ?? "").split(":").at(-1) ?? "";
      const imageDir = stack.assets.get(tag);
      if (imageDir === undefined) return [];
      const command = [...words(container["EntryPoint"]), ...words(container["Command"])];
      return [
        {
          arn: ref,
          family: name,
          containerName: text(container["Name"]) ?? "",
          imageDir,
          command: command.length > 0 ? command : DEFAULT_COMMAND,
          environment: pairs(container["Environment"]),
          memoryMb: numeric(container["Memory"]) ?? numeric(properties["Memory"]) ?? 512,
        },
      ];
    });
}

const words = (value: Json | undefined): string[] => (isList(value) ? value.map((word) => text(word) ?? "") : []);

/** ECS lists `{Name, Value}`. */
export function pairs(value: Json | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  for (const pair of isList(value) ? value : []) {
    if (isObject(pair)) out[text(pair["Name"]) ?? ""] = text(pair["Value"]) ?? "";
  }
  return out;
}
