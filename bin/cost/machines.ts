import { Machine } from "./happy-path.ts";
import { listOf, memberOf, ofType, textOf, type Resource } from "./templates.ts";

export const isExpress = ({ properties }: Resource): boolean => properties["StateMachineType"] === "EXPRESS";

/** The machine that runs a domain: an Express one beside a standard one is its starter, alone it is the machine. */
export function machineOf(own: readonly Resource[]): Resource | undefined {
  const all = ofType(own, "AWS::StepFunctions::StateMachine");
  return all.find((one) => !isExpress(one)) ?? all.find(isExpress);
}

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
