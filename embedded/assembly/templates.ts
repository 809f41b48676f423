import { evaluateCondition, resolveIntrinsics, type Scope } from "./intrinsics.ts";
import { identify, nameProperty, PSEUDO_PARAMETERS, standInAttribute } from "./identities.ts";
import { isObject, member, text, type Json, type JsonObject } from "./json.ts";
import type { AssemblyStack } from "./manifest.ts";

export interface Resource {
  readonly stack: AssemblyStack;
  readonly logicalId: string;
  readonly type: string;
  /** Physical name. */
  readonly name: string;
  /** What `Ref` gives. */
  readonly ref: string;
  readonly arn: string;
  /** Fully resolved. */
  readonly properties: JsonObject;
}

/** Resolves every resource of all stacks together, so that exports and imports meet. */
export function resolveStacks(stacks: readonly AssemblyStack[]): Resource[] {
  const scopes = new Map<string, Scope>();
  const exports = new Map<string, { readonly stack: string; readonly value: Json }>();
  for (const stack of stacks) {
    const scope = scopeOf(stack, exports, scopes);
    scopes.set(stack.name, scope);
    for (const output of Object.values(member(stack.template, "Outputs"))) {
      if (!isObject(output)) continue;
      const name = member(output, "Export")["Name"];
      if (name !== undefined) {
        exports.set(text(resolveIntrinsics(name, scope)) ?? "", { stack: stack.name, value: output["Value"] ?? null });
      }
    }
  }
  return stacks.flatMap((stack) => {
    const scope = scopes.get(stack.name);
    if (scope === undefined) return [];
    return Object.entries(member(stack.template, "Resources")).flatMap(([logicalId, resource]) => {
      if (!isObject(resource)) return [];
      const condition = text(resource["Condition"]);
      if (condition !== undefined && !scope.condition(condition)) return [];
      const properties = resolveIntrinsics(member(resource, "Properties"), scope);
      const type = text(resource["Type"]) ?? "";
      return [
        {
          stack,
          logicalId,
          type,
          name: nameOf(stack, logicalId, type, isObject(properties) ? properties : {}),
          ref: text(scope.ref(logicalId)) ?? logicalId,
          arn: text(scope.attribute(logicalId, "Arn")) ?? logicalId,
          properties: isObject(properties) ? properties : {},
        },
      ];
    });
  });
}

function scopeOf(
  stack: AssemblyStack,
  exports: ReadonlyMap<string, { readonly stack: string; readonly value: Json }>,
  scopes: ReadonlyMap<string, Scope>,
): Scope {
  const resources = member(stack.template, "Resources");
  const parameters = member(stack.template, "Parameters");
  /** Only what a resource's identity needs; resolving all properties here would run in circles. */
  const identity = (logicalId: string) => {
    const resource = member(resources, logicalId);
    const type = text(resource["Type"]) ?? "";
    const all = member(resource, "Properties");
    const needed = ["FunctionName", "Name", nameProperty(type)].filter((key) => key !== undefined && key in all);
    const own = resolveIntrinsics(Object.fromEntries(needed.map((key) => [key, all[key ?? ""] ?? null])), scope);
    const properties = isObject(own) ? own : {};
    const name = nameOf(stack, logicalId, type, properties);
    return { type, name, ...identify(type, name, properties) };
  };
  const scope: Scope = {
    ref(id) {
      if (id === "AWS::StackName") return stack.name;
      if (id === "AWS::StackId") return `arn:aws:cloudformation:us-east-1:000000000000:stack/${stack.name}/0`;
      const pseudo = PSEUDO_PARAMETERS[id];
      if (pseudo !== undefined) return pseudo;
      if (id in parameters) return member(parameters, id)["Default"] ?? "";
      if (!(id in resources)) throw new Error(`Stack ${stack.name} refers to "${id}", which it does not have.`);
      return identity(id).ref;
    },
    attribute(id, attribute) {
      const { type, name, attributes } = identity(id);
      return attributes[attribute] ?? standInAttribute(type, name, attribute);
    },
    importValue(name) {
      const found = exports.get(name);
      const owner = found === undefined ? undefined : scopes.get(found.stack);
      if (found === undefined || owner === undefined)
        throw new Error(`No stack exports "${name}" (imported by ${stack.name}).`);
      return resolveIntrinsics(found.value, owner);
    },
    stackOutput(name, output) {
      throw new Error(`Stack ${stack.name} reads the output ${output} of ${name} at deployment; use an export.`);
    },
    condition: (name) => evaluateCondition(member(stack.template, "Conditions")[name] ?? null, scope),
    mapping: (map, top, second) => member(member(member(stack.template, "Mappings"), map), top)[second] ?? null,
  };
  return scope;
}

function nameOf(stack: AssemblyStack, logicalId: string, type: string, properties: JsonObject): string {
  const property = nameProperty(type);
  const given = property === undefined ? undefined : text(properties[property]);
  const generated = `${stack.name}-${logicalId}`;
  return given ?? (type === "AWS::S3::Bucket" ? generated.toLowerCase() : generated);
}
