import * as z from "zod";
import type { Permissions } from "./authorise.ts";
import type { Deployed } from "./stacks.ts";

const named = ({ resources }: Permissions, type: string, name: string): Deployed | undefined =>
  resources.find((resource) => resource.type === type && resource.name() === name);

/** ARN of the role that a task runs as, by the name of its function or of its family of containers. */
export function roleOfTask(permissions: Permissions, name: string): string {
  const role =
    named(permissions, "AWS::Lambda::Function", name)?.property("Role") ??
    named(permissions, "AWS::ECS::TaskDefinition", name)?.property("TaskRoleArn");
  if (typeof role !== "string") throw new Error(`No template has the task ${name}.`);
  return role;
}

/** ARN of the role that a machine runs as, and what its text is filled in with. */
export function machineNamed(
  permissions: Permissions,
  name: string,
): { readonly arn: string; readonly role: string; readonly substitutions: Readonly<Record<string, string>> } {
  const machine = named(permissions, "AWS::StepFunctions::StateMachine", name);
  if (machine === undefined) throw new Error(`No template has the machine ${name}.`);
  return {
    arn: machine.arn(),
    role: z.string().parse(machine.property("RoleArn")),
    substitutions: z.record(z.string(), z.string()).parse(machine.property("DefinitionSubstitutions") ?? {}),
  };
}
