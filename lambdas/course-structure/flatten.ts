import type { LegacyJson } from "../../core/model/legacy-json.ts";
import { isObject, malformed, shown, type JsonObject } from "./document.ts";

const JOINT = "__";

/**
 * Nested objects as one, their keys joined with `__`; lists are values, empty objects vanish. Throws Malformed
 * `structure_names_collide` when two paths get one name.
 */
export function flatten(document: JsonObject): JsonObject {
  const flat = new Map<string, LegacyJson>();
  const paths = new Map<string, readonly string[]>();
  const visit = (object: JsonObject, above: readonly string[]): void => {
    for (const [key, value] of object) {
      const path = [...above, key];
      if (isObject(value)) {
        visit(value, path);
        continue;
      }
      const name = path.join(JOINT);
      const other = paths.get(name);
      if (other !== undefined) throw collision(other, path);
      paths.set(name, path);
      flat.set(name, value);
    }
  };
  visit(document, []);
  return flat;
}

const collision = (first: readonly string[], second: readonly string[]) =>
  malformed("structure_names_collide", `${written(first)} and ${written(second)} have the same flattened name.`);

const written = (path: readonly string[]): string => path.map(shown).join(" > ");
