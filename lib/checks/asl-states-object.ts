import { allStates, type Machine, type Problem } from "./asl-machine.ts";
import { expressionsOf, referencesOf } from "./asl-expressions.ts";

/** What `$states.context` holds; `Map` only inside a Map state, `Task` only while a token is waited for. */
const CONTEXT: Readonly<Record<string, readonly string[]>> = {
  Execution: ["Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"],
  StateMachine: ["Id", "Name"],
  State: ["EnteredTime", "Name", "RetryCount"],
  Task: ["Token"],
  Map: ["Item"],
};

/** Members of `$states` that do not exist, or do not exist where they are used: the machine would find nothing there. */
export function unknownStatesMembers(machine: Machine): readonly Problem[] {
  return allStates(machine).flatMap(([name, state]) =>
    expressionsOf(name, state).flatMap(({ path, text }) => {
      const references = referencesOf(text);
      if (typeof references === "string") return [];
      return references.states.flatMap((member) => {
        const fault = faultOf(member.split("."), path, state);
        return fault === undefined ? [] : [{ rule: "states-member", state: name, message: `${path}: ${fault}` }];
      });
    }),
  );
}

function faultOf(
  [first = "", second, third]: readonly string[],
  path: string,
  state: { readonly Type: string; readonly Resource?: string | undefined },
): string | undefined {
  const inCatch = path.startsWith("Catch[");
  switch (first) {
    case "":
    case "*":
    case "input":
      return undefined;
    case "result":
      if (inCatch || !/^(Output|Assign)/.test(path))
        return "$states.result exists only in Output and Assign of the state.";
      return ["Task", "Map", "Parallel"].includes(state.Type)
        ? undefined
        : `a ${state.Type} state has no $states.result.`;
    case "errorOutput":
      return inCatch ? undefined : "$states.errorOutput exists only inside Catch.";
    case "context":
      return contextFault(second, third, state.Resource ?? "");
    default:
      return `$states.${first} does not exist; there are input, result, errorOutput and context.`;
  }
}

function contextFault(second: string | undefined, third: string | undefined, resource: string): string | undefined {
  if (second === undefined || second === "*") return undefined;
  const members = CONTEXT[second];
  if (members === undefined)
    return `$states.context.${second} does not exist; there are ${Object.keys(CONTEXT).join(", ")}.`;
  if (second === "Task" && !resource.endsWith(".waitForTaskToken")) {
    return "$states.context.Task exists only in a state that waits for a task token.";
  }
  if (third === undefined || third === "*" || members.includes(third)) return undefined;
  return `$states.context.${second}.${third} does not exist; there are ${members.join(", ")}.`;
}
