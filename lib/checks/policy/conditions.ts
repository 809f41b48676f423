import { matchesArn, matchesText } from "./pattern.ts";

/** What AWS knows of a request besides who, what and where: condition keys and their values. */
export type Context = Readonly<Record<string, string | readonly string[]>>;

/** Operator, key, values; as in a policy, with every intrinsic function resolved. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

type Compare = (wanted: string, given: string) => boolean;

const numeric =
  (compare: (given: number, wanted: number) => boolean): Compare =>
  (wanted, given) =>
    compare(Number(given), Number(wanted));

/** The operators in use. An unknown one is an error of whoever asks: a guess would be an answer that nobody checked. */
const OPERATORS: Readonly<Record<string, Compare>> = {
  StringEquals: (wanted, given) => wanted === given,
  StringLike: matchesText,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  NumericEquals: numeric((given, wanted) => given === wanted),
  NumericLessThan: numeric((given, wanted) => given < wanted),
  NumericGreaterThan: numeric((given, wanted) => given > wanted),
};

const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
  NumericNotEquals: "NumericEquals",
};

/**
 * True when every key of every operator agrees with the request. A key that the request does not carry agrees with
 * `IfExists`, `ForAllValues:` and negated operators, and with nothing else.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export const conditionsHold = (conditions: Conditions, context: Context): boolean =>
  Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, wanted, valuesOf(context, key))),
  );

function holds(operator: string, wanted: readonly string[], given: readonly string[] | undefined): boolean {
  const variable = wanted.find((value) => value.includes("${"));
  if (variable !== undefined) throw new Error(`The policy variable in "${variable}" is not evaluated here.`);
  const [, set, name = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === "Null") return wanted.includes(String(given === undefined));
  const base = NEGATED[name] ?? name;
  const compare = OPERATORS[base];
  if (compare === undefined) throw new Error(`The condition operator ${operator} is not evaluated here.`);
  if (given === undefined)
    return ifExists !== undefined || set === "ForAllValues" || (set === undefined && base !== name);
  const agrees = (value: string): boolean => wanted.some((one) => compare(one, value)) === (base === name);
  if (set === "ForAllValues") return given.every(agrees);
  if (set === "ForAnyValue") return given.some(agrees);
  const [only, ...more] = given;
  if (only === undefined || more.length > 0)
    throw new Error(`${operator} compares one value; ${String(given.length)} were given.`);
  return agrees(only);
}

function valuesOf(context: Context, key: string): readonly string[] | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : [found[1]].flat();
}
