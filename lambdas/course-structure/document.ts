import { Failure } from "../../core/model/failures.ts";
import { legacyJsonText, parseLegacyJson, type LegacyJson } from "../../core/model/legacy-json.ts";

export type JsonObject = ReadonlyMap<string, LegacyJson>;

/** One block as the LMS tells it; what is absent is null. */
export interface StructureBlock {
  readonly id: string;
  readonly type: string | null;
  readonly title: string | null;
  readonly start: string | null;
  readonly due: string | null;
  readonly children: readonly string[];
  readonly details: JsonObject;
}

export interface StructureDocument {
  readonly document: JsonObject;
  /** In document order. */
  readonly blocks: readonly StructureBlock[];
}

/** Throws Malformed `invalid_json`, `structure_invalid`. */
export function readDocument(text: string): StructureDocument {
  const document = parseLegacyJson(text);
  if (!isObject(document)) throw malformed("structure_invalid", "The document is no JSON object.");
  return { document, blocks: [...document].map(([id, details]) => blockOf(id, details)) };
}

function blockOf(id: string, details: LegacyJson): StructureBlock {
  if (!isObject(details)) throw malformed("structure_invalid", `The block ${shown(id)} is no JSON object.`);
  const metadata = details.get("metadata");
  const of = (name: string): string | null => (isObject(metadata) ? textOf(metadata.get(name)) : null);
  return {
    ...{ id, details, type: textOf(details.get("category")), children: childrenOf(id, details.get("children")) },
    ...{ title: of("display_name"), start: of("start"), due: of("due") },
  };
}

function childrenOf(id: string, children: LegacyJson | undefined): readonly string[] {
  if (children === undefined || children === null) return [];
  const ids = Array.isArray(children) ? children.filter((child) => typeof child === "string") : [];
  if (Array.isArray(children) && ids.length === children.length) return ids;
  throw malformed("structure_invalid", `The children of the block ${shown(id)} are no list of block ids.`);
}

export const isObject = (value: LegacyJson | undefined): value is JsonObject => value instanceof Map;

/** A text is itself, anything else its JSON. */
const textOf = (value: LegacyJson | undefined): string | null =>
  value === undefined || value === null
    ? null
    : typeof value === "string"
      ? value.toWellFormed()
      : legacyJsonText(value);

export const shown = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);

export const malformed = (code: string, message: string, details: Record<string, unknown> = {}): Failure =>
  new Failure("Malformed", message, {
    code,
    what: "read the structure of a course",
    hint: "The LMS serves it so: correct the course in Studio and publish it again.",
    details,
  });
