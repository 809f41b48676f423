import { awsStacks } from "../../core/io/aws/stacks.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { namesOf } from "../../lib/environment.ts";
import { parseTemplate, type Templates } from "./template.ts";

export interface Deployed {
  readonly templates: Templates;
  /** Where they were read, in words. */
  readonly from: string;
}

/** The templates of an environment as CloudFormation has them now; none at all is a first deploy. */
export async function readDeployed(environment: EnvironmentName): Promise<Deployed> {
  const stacks = awsStacks();
  const found = await stacks.list(stackPrefix(environment));
  const templates = await Promise.all(
    found.map(async ({ name }) => [name, parseTemplate(name, await stacks.template(name))] as const),
  );
  // arn:aws:cloudformation:<region>:<account>:stack/…
  const [, , , region = "", account = ""] = (found[0]?.id ?? "").split(":");
  const from =
    found.length === 0 ? "nothing: it is not deployed here yet" : `what is deployed in ${account}, ${region}`;
  return { templates: new Map(templates), from };
}

/** Every stack of an environment begins so, and no stack of another one does. */
export const stackPrefix = (name: EnvironmentName): string => `${namesOf({ name, organisation: "" }).prefix}-`;
