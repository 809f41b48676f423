import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleTasks } from "../../lib/constructs/bundle.ts";
import { domains } from "../../state-machines/index.ts";

/** There is no image builder where this runs: what a build would be given is checked, the build itself is not proven. */
const root = join(import.meta.dirname, "..", "..");
const containers = globSync(join(root, "containers", "*", "Dockerfile"));

interface Instruction {
  readonly name: string;
  readonly text: string;
}

const read = (path: string): Instruction[] =>
  readFileSync(path, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...rest] = line.trim().split(/\s+/);
      return { name, text: rest.join(" ") };
    });

const only = (instructions: readonly Instruction[], name: string): string[] =>
  instructions.filter((one) => one.name === name).map(({ text }) => text);

/** Folders that an image is built in, one for every task, as the app hands them to the CDK. */
let contexts: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  const pipelines = domains.map(({ pipeline }) => pipeline);
  const bundles = await bundleTasks(pipelines, root);
  const tasks = pipelines.flatMap(({ tasks: declared }) => Object.values(declared));
  const fargate = tasks.flatMap((task) =>
    task.compute.kind === "fargate" ? [{ container: task.compute.container, directory: bundles(task).directory }] : [],
  );
  contexts = new Map(
    fargate.map(({ container }) => [
      container,
      fargate.filter((one) => one.container === container).map(({ directory }) => directory),
    ]),
  );
}, 60_000);

it("every container is some task's, and there is one", () => {
  expect(containers.map((path) => basename(dirname(path))).sort()).toEqual([...contexts.keys()].sort());
  expect(containers.length).toBeGreaterThan(0);
});

describe.each(containers.map((path) => [basename(dirname(path)), read(path)] as const))("the image %s", (name, all) => {
  const stages = only(all, "FROM");
  const last = all.slice(all.findLastIndex((one) => one.name === "FROM"));

  it("stands on bases that cannot change under it", () => {
    for (const base of stages) expect(base).toMatch(/^[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}( AS [a-z]+)?$/);
    expect(stages.join(" ")).not.toContain("latest");
    expect(stages.length).toBeGreaterThan(1);
  });

  it("runs as a number that is not root", () => {
    expect(only(last, "USER")).toEqual(["65532:65532"]);
    // Nothing is copied or run as somebody else after it.
    const after = last.slice(last.findIndex((one) => one.name === "USER") + 1);
    expect(after.filter((one) => !["ENTRYPOINT", "CMD"].includes(one.name))).toEqual([]);
  });

  it("takes nothing from the network but by hash, and no tool along to do so", () => {
    expect(only(all, "ADD")).toEqual([]);
    const commands = only(all, "RUN").join(" ");
    expect(commands).not.toMatch(/curl|wget|apt-get|npm install|git clone/);
    for (const [install] of commands.matchAll(/pip install[^&]*/g)) {
      expect(install).toContain("--require-hashes");
      expect(install).toContain("--only-binary=:all:");
    }
    expect(stages.at(-1)?.startsWith("gcr.io/distroless/") === true || /rm -rf .*\/usr\/bin\/sh$/.test(commands)).toBe(
      true,
    );
  });

  it("finds what it copies in every build context", () => {
    const copied = only(all, "COPY")
      .filter((text) => !text.startsWith("--from="))
      .flatMap((text) => text.split(" ").slice(0, -1));
    expect(copied.length).toBeGreaterThan(2);
    const built = contexts.get(name) ?? [];
    expect(built.length).toBeGreaterThan(0);
    for (const context of built) expect(copied.filter((file) => !existsSync(join(context, file)))).toEqual([]);
  });

  it("starts what the task definition and the engine start", () => {
    expect(only(last, "CMD")).toEqual(['["node", "index.js"]']);
  });
});

describe("DuckDB", () => {
  const lockOf = (path: string): Readonly<Record<string, { version?: string; integrity?: string }>> =>
    JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  const pins = (path: string): string[] =>
    [...readFileSync(join(root, path), "utf8").matchAll(/^(duckdb(?:-extension-\w+)?)==(\S+)/gm)].map(
      ([, name = "", version = ""]) => `${name} ${version}`,
    );

  it("is in the image what is in the repository's lock, file by file", () => {
    const own = lockOf("package-lock.json");
    const image = Object.entries(lockOf("containers/worker/natives/package-lock.json")).filter(([path]) => path !== "");
    expect(image.length).toBeGreaterThan(3);
    for (const [path, { version, integrity }] of image) {
      expect({ path, version, integrity }).toEqual({
        path,
        version: own[path]?.version,
        integrity: own[path]?.integrity,
      });
      expect(integrity).toMatch(/^sha512-/);
    }
  });

  it("has extensions and a Python side of its own version everywhere: it refuses any other", () => {
    const [engine] = (lockOf("package-lock.json")["node_modules/@duckdb/node-api"]?.version ?? "").split("-");
    const pinned = [...pins("containers/worker/requirements.txt"), ...pins("containers/dbt/requirements.txt")];
    expect(pinned.length).toBeGreaterThan(7);
    expect(new Set(pinned.map((pin) => pin.split(" ")[1]))).toEqual(new Set([engine]));
  });
});
