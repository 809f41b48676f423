import { authorised } from "./actions.ts";
import { conditionsHold, type Context } from "./conditions.ts";
import { ACCOUNT } from "./identities.ts";
import { matchesArn, matchesText, overlap } from "./pattern.ts";
import { resourcePoliciesIn, rolesIn, type ResourcePolicy, type RoleInTemplates } from "./policies.ts";
import { deploy, type Deployed, type Stacks } from "./stacks.ts";
import type { Statement } from "./statement.ts";

/*
 * Written here because the library that does it, @cloud-copilot/iam-simulate, is AGPL, and AWS's own simulator needs
 * an account. It covers what one account's templates can say; organisations, boundaries and sessions are not in them.
 */

/** One environment as it would be in AWS, as far as permissions go. */
export interface Permissions {
  readonly resources: readonly Deployed[];
  readonly roles: readonly RoleInTemplates[];
  readonly resourcePolicies: readonly ResourcePolicy[];
}

export interface Request {
  /** A role, or a service of AWS that acts by itself. */
  readonly as: { readonly role: string } | { readonly service: string };
  readonly action: string;
  /** ARN; `*` for actions that AWS authorises on nothing in particular. */
  readonly resource: string;
  readonly context?: Context;
}

/** `by` and `because` name the statement that decided. */
export type Decision =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly because: string };

export function readPermissions(stacks: Stacks): Permissions {
  const resources = deploy(stacks);
  return { resources, roles: rolesIn(resources), resourcePolicies: resourcePoliciesIn(resources) };
}

/**
 * AWS's order within one account: an explicit deny wins, then one allow is enough, else it is denied. The policy of a
 * KMS key must agree as well: without it not even the account's owner can use the key.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function authorise({ roles, resourcePolicies }: Permissions, request: Request): Decision {
  const { as, action, resource } = request;
  const { on, keys } = authorised(action);
  if (!(on.length === 0 ? resource === "*" : on.some((kind) => overlap(resource, `arn:aws:${kind}`))))
    throw new Error(`AWS does not authorise ${action} on ${resource}; see lib/checks/policy/actions.ts.`);
  const context = known(request, keys);
  const applies = (statement: Statement): boolean =>
    covers(statement, action, resource) && conditionsHold(statement.conditions, context);

  const role = "role" in as ? roles.find(({ arn }) => arn === as.role) : undefined;
  if ("role" in as && role === undefined) throw new Error(`No template has the role ${as.role}.`);
  if (role !== undefined && role.foreignPolicies.length > 0)
    throw new Error(`What ${role.foreignPolicies.join(", ")} allow is not known here.`);

  const own = (role?.statements ?? []).filter(applies);
  const attached = resourcePolicies
    .filter(({ on }) => resource === on || resource.startsWith(on.endsWith(":") ? on : `${on}/`))
    .flatMap(({ statements }) => statements)
    .filter((statement) => applies(statement));
  const direct = attached.filter((statement) => names(statement, as) === "itself");
  const delegating = attached.filter((statement) => names(statement, as) === "account");

  const deny = [...own, ...direct, ...delegating].find(({ effect }) => effect === "Deny");
  if (deny !== undefined) return { allowed: false, because: `denied by ${deny.at}` };
  const allows = (statements: readonly Statement[]): Statement | undefined =>
    statements.find(({ effect }) => effect === "Allow");
  const [byRole, byResource] = [allows(own), allows(direct)];
  if (action.startsWith("kms:") && byResource === undefined) {
    if (allows(delegating) === undefined) return { allowed: false, because: "the key's own policy does not allow it" };
  }
  const by = byRole ?? byResource;
  return by === undefined ? { allowed: false, because: "no statement allows it" } : { allowed: true, by: by.at };
}

/** Only what AWS sends with this action counts, whatever the caller says. */
function known({ as, context = {} }: Request, keys: readonly string[]): Context {
  const sent = Object.entries(context).filter(
    ([key]) => key.startsWith("aws:") || keys.some((known) => matchesText(known.toLowerCase(), key.toLowerCase())),
  );
  return {
    "aws:SecureTransport": "true",
    ...(keys.includes("s3:TlsVersion") ? { "s3:TlsVersion": "1.3" } : {}),
    ...("role" in as ? { "aws:PrincipalArn": as.role, "aws:PrincipalAccount": ACCOUNT } : {}),
    ...Object.fromEntries(sent),
  };
}

function covers(
  { actions, notActions, resources, notResources }: Statement,
  action: string,
  resource: string,
): boolean {
  const named = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesText(pattern.toLowerCase(), action.toLowerCase()));
  const located = (patterns: readonly string[]): boolean => patterns.some((pattern) => matchesArn(pattern, resource));
  return (
    (actions.length > 0 ? named(actions) : !named(notActions)) &&
    (resources.length > 0 ? located(resources) : !located(notResources))
  );
}

/** Naming the account is no grant to its roles; it lets their own policies decide. */
function names({ principals = {} }: Statement, as: Request["as"]): "itself" | "account" | "nobody" {
  const { AWS = [], Service = [] } = principals;
  if (AWS.includes("*") || ("role" in as ? AWS.includes(as.role) : Service.includes(as.service))) return "itself";
  return "role" in as && AWS.some((one) => one === ACCOUNT || one === `arn:aws:iam::${ACCOUNT}:root`)
    ? "account"
    : "nobody";
}
