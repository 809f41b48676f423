import { Machine } from "./happy-path.ts";
import { listOf, memberOf, ofType, textOf, type Resource } from "./templates.ts";

/** The machine that runs a domain; a starter beside it is an Express one. */
export const standardMachine = (own: readonly Resource[]): Resource | undefined =>
  ofType(own, "AWS::StepFunctions::StateMachine").find(
    ({ properties }) => properties["StateMachineType"] !== "EXPRESS",
  );

export const expressMachines = (resources: readonly Resource[]): readonly Resource[] =>
  ofType(resources, "AWS::StepFunctions::StateMachine").filter(
    ({ properties }) => properties["StateMachineType"] === "EXPRESS",
  );

/** The text of a machine as it is deployed. Undefined = a text that is not there to be read. */
export function definitionOf({ properties }: Resource): Machine | undefined {
  const text = textOf(properties["DefinitionString"]);
  const parsed = Machine.safeParse(text === "" ? properties["Definition"] : JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

/** What every container of a cluster reports beyond the free metrics. */
export const hasInsights = (resources: readonly Resource[]): boolean =>
  ofType(resources, "AWS::ECS::Cluster").some(({ properties }) =>
    listOf(properties["ClusterSettings"]).some(
      (setting) => memberOf(setting, "Name") === "containerInsights" && memberOf(setting, "Value") !== "disabled",
    ),
  );
