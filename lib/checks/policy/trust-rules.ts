import { WITHOUT_SOURCE } from "./exceptions.ts";
import type { Statement } from "./statement.ts";

const SOURCE = new Set(["aws:SourceAccount", "aws:SourceArn", "aws:PrincipalAccount", "kms:CallerAccount"]);

/** Encryption contexts that name our own resource say as much as a source. */
const isSource = (key: string): boolean => SOURCE.has(key) || key.startsWith("kms:EncryptionContext:");

const hasSource = ({ conditions }: Statement): boolean =>
  Object.entries(conditions).some(
    ([operator, keys]) => /^(String|Arn)(Equals|Like)$/.test(operator) && Object.keys(keys).some(isSource),
  );

/**
 * Who may take a role. A service must say for whose resource it acts, else it could be made to act with our rights by
 * somebody else (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html). `executes`: the role is the
 * one of `EXECUTION_ROLE`.
 */
export function trustFaults(statement: Statement, executes: boolean): readonly string[] {
  const { Service = [], Federated = [], ...others } = statement.principals ?? {};
  const unsourced = Service.filter(
    (service) => WITHOUT_SOURCE[service] === undefined && !(executes && service === "ecs-tasks.amazonaws.com"),
  );
  const claims = Object.values(statement.conditions).flatMap((keys) => Object.keys(keys));
  return [
    ...Object.entries(others).map(([kind, who]) => `the role can be taken by ${kind} ${who.join(", ")}.`),
    ...(hasSource(statement) ? [] : unsourced.map((service) => `${service} may take the role for any account.`)),
    ...Federated.filter(() => !claims.some((key) => key.endsWith(":sub"))).map(
      (provider) => `anybody with an identity of ${provider} may take the role.`,
    ),
  ];
}

/** Whom a policy on a resource lets in. */
export function grantsOfResourcePolicies(statement: Statement): readonly string[] {
  const { effect, principals = {} } = statement;
  if (effect === "Deny" || hasSource(statement)) return [];
  return Object.entries(principals).flatMap(([kind, who]) => {
    if (kind === "Service") return who.map((service) => `${service} is let in for any account.`);
    return who.includes("*") ? ["everybody is let in."] : [];
  });
}
