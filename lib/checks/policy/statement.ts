import * as z from "zod";
import type { Conditions } from "./conditions.ts";

const Texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const Scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Values = z.union([Scalar, z.array(Scalar)]).transform((value) => [value].flat());
const Principals = z
  .union([z.literal("*"), z.record(z.string(), Texts)])
  .transform((value): Readonly<Record<string, readonly string[]>> => (value === "*" ? { AWS: ["*"] } : value));

/** Strict: an element that is not known here must not be skipped. */
const RawStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: Principals.optional(),
  Action: Texts.optional(),
  NotAction: Texts.optional(),
  Resource: Texts.optional(),
  NotResource: Texts.optional(),
  Condition: z.record(z.string(), z.record(z.string(), Values)).default({}),
});

const Document = z.object({
  Statement: z.union([RawStatement, z.array(RawStatement)]).transform((value) => [value].flat()),
});

/** One statement of a policy, every element as a list. */
export interface Statement {
  /** Where it is written, for people: `BucketsLandingPolicy6E4F240C statement 2`. */
  readonly at: string;
  readonly effect: "Allow" | "Deny";
  /** Kind of principal (`AWS`, `Service`) to its values; absent in policies of identities. */
  readonly principals: Readonly<Record<string, readonly string[]>> | undefined;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  readonly conditions: Conditions;
}

/** Reads a policy document whose intrinsic functions are resolved. */
export function statementsOf(document: unknown, at: string): readonly Statement[] {
  const parsed = Document.safeParse(document);
  if (!parsed.success) throw new Error(`The policy ${at} cannot be read: ${z.prettifyError(parsed.error)}`);
  return parsed.data.Statement.map((raw, index) => ({
    at: `${at} statement ${String(index + 1)}`,
    effect: raw.Effect,
    principals: raw.Principal,
    actions: raw.Action ?? [],
    notActions: raw.NotAction ?? [],
    resources: raw.Resource ?? [],
    notResources: raw.NotResource ?? [],
    conditions: raw.Condition,
  }));
}
