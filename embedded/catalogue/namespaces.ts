import * as z from "zod";
import { badRequest, RestError } from "./rest-error.ts";
import type { CatalogueStore } from "./store.ts";
import { Properties } from "./table-metadata.ts";
import { noNamespace } from "./tables.ts";

export const SEPARATOR = "\u001f";

const Levels = z
  .array(z.string().regex(/^[^\u0000-\u001f/\\]+$/, "has characters that a namespace cannot have"))
  .min(1);

export const CreateNamespace = z.object({ namespace: Levels, properties: Properties.nullish() });
export const UpdateProperties = z.object({
  removals: z.array(z.string()).nullish(),
  updates: Properties.nullish(),
});

export type Namespaces = ReturnType<typeof createNamespaces>;

export function createNamespaces(store: CatalogueStore) {
  const need = (name: string): Record<string, string> => {
    const properties = store.namespace(name);
    if (properties === undefined) throw noNamespace(name);
    return properties;
  };

  return {
    need,

    /** Direct children of `parent`, or the top level. */
    list(parent: string | undefined): string[][] {
      if (parent !== undefined) need(parent);
      const depth = parent === undefined ? 1 : parent.split(SEPARATOR).length + 1;
      return store
        .namespaces()
        .filter((name) => parent === undefined || name.startsWith(parent + SEPARATOR))
        .map((name) => name.split(SEPARATOR))
        .filter((levels) => levels.length === depth);
    },

    create(request: z.infer<typeof CreateNamespace>): { namespace: string[]; properties: Record<string, string> } {
      const name = request.namespace.join(SEPARATOR);
      const parent = request.namespace.slice(0, -1).join(SEPARATOR);
      if (parent !== "") need(parent);
      const properties = request.properties ?? {};
      if (!store.addNamespace(name, properties)) {
        throw new RestError("AlreadyExistsException", `Namespace already exists: ${request.namespace.join(".")}`);
      }
      return { namespace: request.namespace, properties };
    },

    drop(name: string): void {
      need(name);
      if (store.tableNames(name).length > 0 || store.namespaces().some((other) => other.startsWith(name + SEPARATOR))) {
        throw new RestError("NamespaceNotEmptyException", `Namespace is not empty: ${name.replaceAll(SEPARATOR, ".")}`);
      }
      store.dropNamespace(name);
    },

    update(name: string, request: z.infer<typeof UpdateProperties>) {
      const properties = need(name);
      const removals = request.removals ?? [];
      const updates = request.updates ?? {};
      const both = removals.find((key) => key in updates);
      if (both !== undefined) throw badRequest(`Property ${both} is both set and removed.`);
      const removed = removals.filter((key) => key in properties);
      const missing = removals.filter((key) => !(key in properties));
      const next = Object.fromEntries(
        Object.entries({ ...properties, ...updates }).filter(([key]) => !removed.includes(key)),
      );
      store.setProperties(name, next);
      return { updated: Object.keys(updates), removed, missing };
    },
  };
}
