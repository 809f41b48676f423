import { isDeepStrictEqual } from "node:util";
import { referencesOf } from "./references.ts";
import type { ResourceTypes } from "./resource-types.ts";
import type { Resource, Template, Templates } from "./template.ts";

/** What becomes of the old thing when it is removed or replaced. */
export type Fate = "deleted" | "kept, outside of the stack" | "kept as a snapshot";

export interface Change {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  /** The physical name where the template says it, else the logical id. */
  readonly name: string;
  readonly kind: "added" | "changed" | "replaced" | "removed";
  readonly isStateful: boolean;
  /** Only for what is replaced or removed. */
  readonly fate?: Fate;
  /** Paths of changed properties; of what is replaced, those that cause it. */
  readonly paths: readonly string[];
  /** Protection of data that the new template no longer has. */
  readonly guardsLost: readonly string[];
}

/** Data or its protection would be gone, or a new empty thing would take the place of the old one. */
export const isLoss = ({ isStateful, kind, guardsLost }: Change): boolean =>
  (isStateful && (kind === "replaced" || kind === "removed")) || guardsLost.length > 0;

/** What a deploy of `after` would do to stacks as `before` has them. Stacks that only `before` has are left alone by a deploy. */
export function compareTemplates(before: Templates, after: Templates, types: ResourceTypes): readonly Change[] {
  return [...after].flatMap(([stack, template]) =>
    compareStack(stack, before.get(stack) ?? { Resources: {} }, template, types),
  );
}

function compareStack(stack: string, before: Template, after: Template, types: ResourceTypes): readonly Change[] {
  const ids = [...new Set([...Object.keys(after.Resources), ...Object.keys(before.Resources)])];
  const replaced = new Map<string, readonly string[]>();
  const isReplaced = (value: unknown): boolean => [...referencesOf(value)].some((id) => replaced.has(id));
  // What is replaced has new attributes, and who names them may have to be replaced as well.
  for (let grows = true; grows;) {
    grows = false;
    for (const id of ids) {
      const [old, now] = [before.Resources[id], after.Resources[id]];
      if (old === undefined || now === undefined || replaced.has(id)) continue;
      const causes =
        old.Type === now.Type
          ? types.replacedBy(now.Type, old.Properties, following(now.Properties, isReplaced))
          : ["Type"];
      if (causes.length > 0) grows = replaced.set(id, causes).size > 0;
    }
  }
  return ids.flatMap((id): Change[] => {
    const [old, now] = [before.Resources[id], after.Resources[id]];
    const known = now ?? old;
    if (known === undefined || known.Type === "AWS::CDK::Metadata") return [];
    const base = {
      stack,
      id,
      type: known.Type,
      name: nameOf(id, known, types),
      isStateful: types.isStateful(known.Type),
    };
    if (old === undefined) return [{ ...base, kind: "added", paths: [], guardsLost: [] }];
    if (now === undefined)
      return [{ ...base, kind: "removed", fate: fateOf(old.DeletionPolicy), paths: [], guardsLost: [] }];
    const causes = replaced.get(id);
    const guardsLost = base.isStateful ? guardsLostBy(old, now) : [];
    if (causes !== undefined)
      return [{ ...base, kind: "replaced", fate: fateOf(old.UpdateReplacePolicy), paths: causes, guardsLost }];
    const paths = changedPaths(old.Properties, following(now.Properties, isReplaced));
    const attributes = Object.keys({ ...old, ...now }).filter(
      (key) => key !== "Properties" && key !== "Metadata" && !isDeepStrictEqual(old[key], now[key]),
    );
    if (paths.length + attributes.length === 0) return [];
    return [{ ...base, kind: "changed", paths: [...paths, ...attributes], guardsLost }];
  });
}

/** Values that name something replaced change with it, although their text stays. */
function following(value: Resource["Properties"], isReplaced: (value: unknown) => boolean): Resource["Properties"] {
  const mark = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(mark);
    if (typeof inner !== "object" || inner === null) return inner;
    if (!isIntrinsic(inner)) return following({ ...inner }, isReplaced);
    return isReplaced(inner) ? { "follows a replacement": inner } : inner;
  };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mark(inner)]));
}

function fateOf(policy: string): Fate {
  if (policy.startsWith("Retain")) return "kept, outside of the stack";
  return policy === "Snapshot" ? "kept as a snapshot" : "deleted";
}

function guardsLostBy(old: Resource, now: Resource): string[] {
  const policies = (["DeletionPolicy", "UpdateReplacePolicy"] as const)
    .filter((key) => old[key] !== "Delete" && now[key] === "Delete")
    .map((key) => `${key} ${old[key]} -> Delete`);
  const switches = ["DeletionProtection", "DeletionProtectionEnabled", "ObjectLockEnabled"]
    .filter((key) => JSON.stringify(old.Properties).includes(`"${key}":true`))
    .filter((key) => !JSON.stringify(now.Properties).includes(`"${key}":true`))
    .map((key) => `${key} off`);
  return [...policies, ...switches];
}

function nameOf(id: string, { Type, Properties }: Resource, types: ResourceTypes): string {
  const named = [...types.identifiers(Type), `${Type.split("::").at(-1) ?? ""}Name`, "Name"].map(
    (key) => Properties[key],
  );
  return named.find((value) => typeof value === "string") ?? id;
}

/** `Environment.Variables.MILLRACE_BUS`, one for every leaf that differs. */
function changedPaths(old: unknown, now: unknown, path = ""): string[] {
  if (isDeepStrictEqual(old, now)) return [];
  if (isPlain(old) && isPlain(now)) {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
      changedPaths(old[key], now[key], path === "" ? key : `${path}.${key}`),
    );
  }
  return [path];
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isIntrinsic(value);
const isIntrinsic = (value: object): boolean => Object.keys(value).some((key) => /^(Ref|Fn::|follows )/.test(key));
