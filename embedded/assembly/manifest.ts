import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "../../core/model/failures.ts";
import { isObject, member, parseJson, text, type JsonObject } from "./json.ts";

export interface AssemblyStack {
  /** Name in CloudFormation; unique within an environment. */
  readonly name: string;
  readonly template: JsonObject;
  /** Folder or file of an asset by its object key (`<hash>.zip`) or image tag (`<hash>`). */
  readonly assets: ReadonlyMap<string, string>;
}

/** All stacks of one stage of a cloud assembly (`cdk.out`). The stage's display name ends with the environment. */
export function readStage(assemblyDir: string, environment: string): AssemblyStack[] {
  const root = resolve(assemblyDir);
  const stages = Object.entries(artifactsOf(root)).filter(([, artifact]) => artifact["type"] === "cdk:cloud-assembly");
  for (const [id, artifact] of stages) {
    const names = [
      id.replace(/^assembly-/, ""),
      text(member(artifact, "properties")["displayName"]),
      text(artifact["displayName"]),
    ];
    if (names.some((name) => name?.toLowerCase() === environment)) {
      return readStacks(join(root, text(member(artifact, "properties")["directoryName"]) ?? id));
    }
  }
  const stacks = stages.length === 0 ? readStacks(root) : [];
  if (stacks.length > 0) return stacks;
  throw new Failure("Misconfigured", `The assembly ${root} has no stage "${environment}".`, {
    code: "no_stage",
    what: "load the assembly",
    hint: `It has: ${stages.map(([id]) => id).join(", ") || "none"}. Synthesise it again with \`npm run synth\`.`,
  });
}

function readStacks(dir: string): AssemblyStack[] {
  const artifacts = Object.values(artifactsOf(dir));
  const assets = new Map<string, string>();
  for (const artifact of artifacts.filter((one) => one["type"] === "cdk:asset-manifest")) {
    const file = text(member(artifact, "properties")["file"]);
    if (file !== undefined) collectAssets(dir, readObject(join(dir, file)), assets);
  }
  return artifacts
    .filter((artifact) => artifact["type"] === "aws:cloudformation:stack")
    .map((artifact) => {
      const properties = member(artifact, "properties");
      const file = text(properties["templateFile"]) ?? "";
      const name = text(properties["stackName"]) ?? file.replace(/\.template\.json$/, "");
      return { name, template: readObject(join(dir, file)), assets };
    });
}

function collectAssets(dir: string, manifest: JsonObject, into: Map<string, string>): void {
  for (const kind of ["files", "dockerImages"]) {
    for (const [id, asset] of Object.entries(member(manifest, kind))) {
      const source = member(asset, "source");
      const path = text(source["path"]) ?? text(source["directory"]);
      if (path === undefined) continue;
      into.set(id, resolve(dir, path));
      for (const destination of Object.values(member(asset, "destinations"))) {
        if (!isObject(destination)) continue;
        const key = text(destination["objectKey"]) ?? text(destination["imageTag"]);
        if (key !== undefined) into.set(key, resolve(dir, path));
      }
    }
  }
}

function artifactsOf(dir: string): Record<string, JsonObject> {
  const artifacts = member(readObject(join(dir, "manifest.json")), "artifacts");
  const found: Record<string, JsonObject> = {};
  for (const [id, artifact] of Object.entries(artifacts)) if (isObject(artifact)) found[id] = artifact;
  return found;
}

function readObject(file: string): JsonObject {
  if (!existsSync(file)) {
    throw new Failure("Misconfigured", `The assembly is not complete: ${file} is missing.`, {
      code: "no_assembly",
      what: "load the assembly",
      hint: "Synthesise it with `npm run synth`.",
    });
  }
  const value = parseJson(readFileSync(file, "utf8"));
  return isObject(value) ? value : {};
}
