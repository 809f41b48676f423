import { readable } from "./references.ts";
import type { Template, Templates } from "./template.ts";

export interface PermissionChange {
  readonly stack: string;
  readonly sign: "+" | "-";
  /** `Allow s3:GetObject on arn:…/* (InspectLogRoleDefaultPolicy1234)` */
  readonly text: string;
}

/** Who may do what, before and after: policies of roles, of resources, trust, and calls that services may make. */
export function comparePermissions(before: Templates, after: Templates): readonly PermissionChange[] {
  return [...after].flatMap(([stack, template]) => {
    const old = permissionsOf(before.get(stack) ?? { Resources: {} });
    const now = permissionsOf(template);
    const line = (sign: "+" | "-") => (text: string) => ({ stack, sign, text });
    return [
      ...[...now].filter((text) => !old.has(text)).map(line("+")),
      ...[...old].filter((text) => !now.has(text)).map(line("-")),
    ];
  });
}

function permissionsOf({ Resources }: Template): ReadonlySet<string> {
  return new Set(
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
      if (Type === "AWS::Lambda::Permission") {
        const { Action, FunctionName, Principal } = Properties;
        return [`Allow ${readable(Action)} on ${readable(FunctionName)} to ${readable(Principal)} (${id})`];
      }
      const managed = listOf(Properties["ManagedPolicyArns"]).map((arn) => `Managed policy ${readable(arn)} (${id})`);
      return [...managed, ...documentsOf(Properties).flatMap((document) => statementsOf(document, id))];
    }),
  );
}

/** Policy documents lie in properties (PolicyDocument, AssumeRolePolicyDocument, KeyPolicy, ResourcePolicy) or in a list of a role. */
function documentsOf(properties: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const own = Object.values(properties).filter(isRecord);
  const inline = listOf(properties["Policies"])
    .filter(isRecord)
    .map((policy) => policy["PolicyDocument"]);
  return [...own, ...inline.filter(isRecord)].filter((value) => "Statement" in value);
}

function statementsOf({ Statement }: Record<string, unknown>, id: string): string[] {
  return listOf(Statement)
    .filter(isRecord)
    .flatMap(({ Effect = "Allow", Action, NotAction, Resource, NotResource, Principal, Condition }) => {
      const actions = NotAction === undefined ? listOf(Action) : [{ not: NotAction }];
      const resources = NotResource === undefined ? listOf(Resource) : [{ not: NotResource }];
      const to = Principal === undefined ? "" : ` to ${readable(Principal)}`;
      const when = Condition === undefined ? "" : ` if ${JSON.stringify(Condition)}`;
      return actions.flatMap((action) =>
        (resources.length === 0 ? [undefined] : resources).map((resource) => {
          const on = resource === undefined ? "" : ` on ${readable(resource)}`;
          return `${String(Effect)} ${readable(action)}${on}${to}${when} (${id})`;
        }),
      );
    });
}

const listOf = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
