import { exits, nested, type Machine, type Problem } from "./asl-machine.ts";
import { expressionsOf, referencesOf } from "./asl-expressions.ts";

/** Functions of JSONata and those that Step Functions adds; they look like variables. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains " +
    "replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean " +
    "not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle " +
    "distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl now millis toMillis fromMillis " +
    "partition range hash uuid parse"
  ).split(" "),
);

/**
 * Variables that an expression reads although some way to its state does not assign them. Reading such a variable
 * gives nothing, which ends the run in Output and Assign; who means it asks with `$exists` in the same expression.
 */
export function undefinedVariables(machine: Machine, inherited: ReadonlySet<string> = new Set()): readonly Problem[] {
  const known = assignedOnEveryWay(machine, inherited);
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const here = known.get(name);
    // A state that nothing leads to is another rule's business.
    if (here === undefined) return [];
    const own = expressionsOf(name, state).flatMap(({ path, text }) => {
      const references = referencesOf(text);
      if (typeof references === "string") {
        return [{ rule: "expression", state: name, message: `${path} does not parse: ${references}` }];
      }
      return [...references.variables]
        .filter((variable) => !FUNCTIONS.has(variable) && !here.has(variable) && !references.guarded.has(variable))
        .map((variable) => ({
          rule: "undefined-variable",
          state: name,
          message: `${path} reads $${variable}, which not every way to this state assigns. Assign it, or ask with $exists($${variable}).`,
        }));
    });
    return [...own, ...nested(state).flatMap((inner) => undefinedVariables(inner, here))];
  });
}

/** For every reachable state, the variables that are assigned whichever way it is entered. */
function assignedOnEveryWay(
  machine: Machine,
  inherited: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, ReadonlySet<string>>([[machine.StartAt, inherited]]);
  const queue = [machine.StartAt];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const state = machine.States[name];
    const here = known.get(name);
    if (state === undefined || here === undefined) continue;
    for (const { to, assigns } of exits(state)) {
      const before = known.get(to);
      const arriving = new Set([...here, ...assigns]);
      const after = before === undefined ? arriving : new Set([...before].filter((variable) => arriving.has(variable)));
      if (before !== undefined && after.size === before.size) continue;
      known.set(to, after);
      queue.push(to);
    }
  }
  return known;
}
