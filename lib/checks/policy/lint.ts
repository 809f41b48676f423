import { AUTHORISED } from "./actions.ts";
import type { Permissions } from "./authorise.ts";
import { WIDE } from "./exceptions.ts";
import { overlap } from "./pattern.ts";
import type { Statement } from "./statement.ts";
import { grantsOfResourcePolicies, trustFaults } from "./trust-rules.ts";

export interface Finding {
  /** Policy and statement. */
  readonly at: string;
  readonly message: string;
}

/** What a reviewer would object to in the permissions of one environment. */
export const lintPermissions = (permissions: Permissions, environment: string): readonly Finding[] => [
  ...permissions.roles.flatMap(({ arn, statements, foreignPolicies, trust }) => [
    ...foreignPolicies.map((policy) => ({ at: arn, message: `${policy} is not ours: AWS widens it without asking.` })),
    ...statements.flatMap((statement) => named(statement, statementFaults(statement, environment))),
    ...trust.flatMap((statement) => named(statement, trustFaults(statement, executes(permissions, arn)))),
  ]),
  ...permissions.resourcePolicies.flatMap(({ statements }) =>
    statements.flatMap((statement) => named(statement, grantsOfResourcePolicies(statement))),
  ),
];

const named = ({ at }: Statement, messages: readonly string[]): readonly Finding[] =>
  messages.map((message) => ({ at, message }));

/** Whether ECS takes the role to pull an image, and not the task to do its work. */
const executes = ({ resources }: Permissions, role: string): boolean =>
  resources.some(({ type, property }) => type === "AWS::ECS::TaskDefinition" && property("ExecutionRoleArn") === role);

function statementFaults(statement: Statement, environment: string): readonly string[] {
  const { effect, actions, resources, notActions, notResources } = statement;
  if (effect === "Deny") return [];
  if (notActions.length + notResources.length > 0) return ["allows everything but what it names."];
  const wild = actions.filter((action) => action.includes("*"));
  const unknown = actions.filter((action) => !wild.includes(action) && AUTHORISED[action] === undefined);
  return [
    ...wild.map((action) => `the action ${action} is a wildcard.`),
    ...unknown.map((action) => `${action}: say in lib/checks/policy/actions.ts what AWS authorises it on.`),
    ...actions.flatMap((action) => actionFaults(action, statement)),
    ...(actions.every((action) => WIDE[action] !== undefined)
      ? []
      : resources
          .filter((resource) => !literalEnough(resource, environment))
          .map((resource) => `${resource} is too wide.`)),
  ];
}

function actionFaults(action: string, { resources, conditions }: Statement): readonly string[] {
  const { on, keys } = AUTHORISED[action] ?? { on: undefined, keys: [] };
  if (on === undefined) return [];
  const unmet = Object.values(conditions)
    .flatMap((wanted) => Object.keys(wanted))
    .filter((key) => !key.startsWith("aws:") && !keys.some((known) => overlap(known, key)));
  const reached = resources.filter((resource) => on.some((kind) => overlap(resource, `arn:aws:${kind}`)));
  return [
    ...(on.length > 0 && resources.includes("*") ? [`${action} on *, although AWS lets it name a resource.`] : []),
    ...(on.length === 0 && !resources.includes("*") ? [`${action} is never allowed: AWS accepts only * for it.`] : []),
    ...(on.length > 0 && reached.length === 0
      ? [`${action} is never allowed: it is authorised on ${on.join(", ")}.`]
      : []),
    ...unmet.map((key) => `${action} is never allowed: AWS does not send ${key} with it.`),
  ];
}

/** A wildcard may begin only after the name of something that belongs to this environment. */
const literalEnough = (resource: string, environment: string): boolean =>
  resource === "*" ||
  !/[*?]/.test(resource) ||
  new RegExp(`millrace[-_/]${environment}(?![a-z])`).test(resource.slice(0, resource.search(/[*?]/)));
