/**
 * Patterns of IAM: `*` is any text and `?` one character. An ARN is compared part by part, for a wildcard does not
 * reach over a colon into the next part; the sixth part, the resource, is all that is left.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function matchesText(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text;
  const expression = compiled.get(pattern) ?? compile(pattern);
  compiled.set(pattern, expression);
  return expression.test(text);
}

/** Some ten thousand questions are asked of the same few hundred patterns. */
const compiled = new Map<string, RegExp>();

function compile(pattern: string): RegExp {
  const source = pattern.replaceAll(/[^\w\s]/gu, (char) => (char === "*" ? ".*" : char === "?" ? "." : escape(char)));
  return new RegExp(`^${source}$`, "su");
}

/** `*` alone matches everything; otherwise both are ARNs. */
export const matchesArn = (pattern: string, arn: string): boolean =>
  pattern === "*" || pairs(pattern, arn).every(([part, text]) => matchesText(part, text));

/**
 * Whether an ARN exists that both describe. `kind` is written as in `actions.ts`: there `*` stays within a path
 * segment and `**` does not, for `bucket` and `bucket/key` are different kinds of resource.
 */
export const overlap = (pattern: string, kind: string): boolean =>
  pattern === "*" || pairs(pattern, kind).every(([left, right]) => meet(left, right, 0, 0));

function pairs(left: string, right: string): readonly (readonly [string, string])[] {
  const [ours, theirs] = [parts(left), parts(right)];
  return ours.map((part, index) => [part, theirs[index] ?? ""] as const);
}

/** Always six parts; what is missing is empty. */
function parts(arn: string): readonly string[] {
  const split = arn.split(":");
  return Array.from({ length: 6 }, (_, index) => (index < 5 ? (split[index] ?? "") : split.slice(5).join(":")));
}

function meet(left: string, right: string, i: number, j: number): boolean {
  const [l, r] = [left[i], right[j]];
  if (l === undefined && r === undefined) return true;
  if (r === "*") {
    const deep = right[j + 1] === "*";
    if (meet(left, right, i, j + (deep ? 2 : 1))) return true;
    return l !== undefined && (l === "*" || deep || l !== "/") && meet(left, right, i + 1, j);
  }
  if (l === "*") return meet(left, right, i + 1, j) || (r !== undefined && meet(left, right, i, j + 1));
  return l !== undefined && r !== undefined && (l === r || l === "?") && meet(left, right, i + 1, j + 1);
}

const escape = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
