import { member, numeric, text, type JsonObject } from "./json.ts";
import type { Resource } from "./templates.ts";

export interface LambdaFunction {
  readonly arn: string;
  readonly name: string;
  /** Folder with the bundle. */
  readonly assetDir: string;
  /** `index.handler` */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
}

/** Our own functions: those with a bundle in the assembly that Node can run. CDK's own helpers are not run here. */
export function functionsOf(resources: readonly Resource[]): LambdaFunction[] {
  return resources
    .filter((resource) => resource.type === "AWS::Lambda::Function" && "Environment" in resource.properties)
    .flatMap(({ properties, stack, name, arn }) => {
      const key = text(member(properties, "Code")["S3Key"]);
      const assetDir = key === undefined ? undefined : stack.assets.get(key);
      if (assetDir === undefined) return [];
      return [
        {
          arn,
          name,
          assetDir,
          handler: text(properties["Handler"]) ?? "index.handler",
          environment: stringsOf(member(member(properties, "Environment"), "Variables")),
          timeoutSeconds: numeric(properties["Timeout"]) ?? 3,
          memoryMb: numeric(properties["MemorySize"]) ?? 128,
        },
      ];
    });
}

export function stringsOf(values: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, text(value) ?? JSON.stringify(value)]));
}
