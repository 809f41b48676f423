import { Failure } from "../failures.ts";

/** Leaves room for asset and digest in an object's key (1,024 bytes) and for a sort key (1,024 bytes). */
const MAX_BYTES = 512;
const SEPARATOR = "|";

/** Why a key is none, for people; undefined = it is one. Upstream ids with a problem are skipped and counted. */
export function partitionProblem(key: string): string | undefined {
  if (key === "") return "it is empty";
  if (!key.isWellFormed()) return "it is not well-formed Unicode";
  if (/[\u0000-\u001f\u007f]/.test(key)) return "it holds a control character";
  if (key.startsWith("/") || key.endsWith("/")) return "it starts or ends with a slash";
  if (key.includes("//")) return "it holds an empty segment";
  if (key.includes("...")) return "it holds three dots";
  if (key.split("/").includes("..")) return 'it holds a segment ".."';
  const bytes = Buffer.byteLength(key, "utf8");
  return bytes > MAX_BYTES ? `it has ${bytes} bytes, more than ${MAX_BYTES}` : undefined;
}

/**
 * The text of a key: one part stays as it is; of several, `%` and `|` are escaped, so that no two tuples have the
 * same text. All keys with the same first part share the prefix `<part>|`.
 */
export function partitionText(parts: readonly string[]): string {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : parts.map(escapePart).join(SEPARATOR);
}

/**
 * The parts of a key's text; how many there are the asset declares. Throws Malformed `partition_invalid` for another
 * number of parts, an escape that `partitionText` does not write, and a part that is no key.
 */
export function partitionParts(text: string, dimensions: number): string[] {
  const reason = tupleProblem(text, dimensions);
  if (reason === undefined) return split(text, dimensions);
  throw new Failure("Malformed", `"${text.slice(0, 80)}" is no partition key: ${reason}.`, {
    code: "partition_invalid",
    what: "read a partition key",
    hint: `Give ${dimensions} non-empty parts joined by "${SEPARATOR}"; write % as %25 and | as %7C in each.`,
  });
}

/** Why a text is no key of so many parts, for people; undefined = it is one. */
export function tupleProblem(text: string, dimensions: number): string | undefined {
  const parts = split(text, dimensions);
  if (parts.length !== dimensions || partitionText(parts) !== text) return `it is no key of ${dimensions} parts`;
  return parts.map(partitionProblem).find((problem) => problem !== undefined);
}

const split = (text: string, dimensions: number): string[] =>
  dimensions === 1 ? [text] : text.split(SEPARATOR).map(unescapePart);

const escapePart = (part: string): string => part.replaceAll("%", "%25").replaceAll(SEPARATOR, "%7C");
const unescapePart = (part: string): string => part.replaceAll("%7C", SEPARATOR).replaceAll("%25", "%");
