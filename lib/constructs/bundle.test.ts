import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { definePipeline, type TaskDeclaration } from "../../core/model/pipeline.ts";
import { bundleTasks } from "./bundle.ts";

const greet: TaskDeclaration = {
  description: "Greets.",
  handler: "demo/greet",
  compute: { kind: "lambda", memoryMb: 128, timeoutSeconds: 10 },
};
const greetLong: TaskDeclaration = {
  ...greet,
  compute: {
    kind: "fargate",
    cpuUnits: 256,
    memoryMb: 512,
    diskGb: 20,
    timeoutSeconds: 60,
    heartbeatSeconds: 10,
    container: "box",
  },
};
const pipeline = definePipeline({
  domain: "demo",
  description: "A demo.",
  jobs: {},
  tasks: { Greet: greet, GreetLong: greetLong },
  triggers: [],
  assets: [],
  lanes: [],
});

describe("bundles", () => {
  let root: string;
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "millrace-bundle-"));
    write("package-lock.json", "{}");
    write("package.json", '{"type":"module"}');
    write("core/fargate.ts", "export const serve = (handler: () => string) => console.log(`served ${handler()}`);");
    write("lambdas/demo/word.ts", 'export const word: string = "hello";');
    write("lambdas/demo/greet.ts", 'import { word } from "./word.ts"; export const handler = () => word;');
    write("containers/box/Dockerfile", "FROM scratch");
    write("containers/box/context.json", '["project"]');
    write("project/model.sql", "select 1");
    write("project/target/left-over.txt", "x");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("export the handler for Lambda, and call it once in a container", async () => {
    const bundles = await bundleTasks([pipeline], root);
    const script = `console.log(require(${JSON.stringify(join(bundles(greet).directory, "index.js"))}).handler())`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })).toBe("hello\n");
    const container = execFileSync(process.execPath, ["index.js"], {
      cwd: bundles(greetLong).directory,
      encoding: "utf8",
    });
    expect(container).toBe("served hello\n");
  });

  it("are taken from the cache as long as their own sources stay", async () => {
    const first = (await bundleTasks([pipeline], root))(greet);
    const made = statSync(join(root, ".tools/bundles/cache.json")).ino;
    expect((await bundleTasks([pipeline], root))(greet)).toEqual(first);
    expect(statSync(join(root, ".tools/bundles/cache.json")).ino).toBe(made);
    write("lambdas/demo/word.ts", 'export const word: string = "good day";');
    const second = (await bundleTasks([pipeline], root))(greet);
    expect(second.hash).not.toBe(first.hash);
    expect(readFileSync(join(second.directory, "index.js"), "utf8")).toContain("good day");
    write("lambdas/demo/word.ts", 'export const word: string = "hello";');
    expect((await bundleTasks([pipeline], root))(greet)).toEqual(first);
  });

  it("give an image the folders that its context names, without what tools left there", async () => {
    const before = (await bundleTasks([pipeline], root))(greetLong);
    expect(readFileSync(join(before.directory, "project/model.sql"), "utf8")).toBe("select 1");
    expect(() => statSync(join(before.directory, "project/target"))).toThrow("ENOENT");
    write("project/target/left-over.txt", "y");
    expect((await bundleTasks([pipeline], root))(greetLong)).toEqual(before);
    write("project/model.sql", "select 2");
    expect((await bundleTasks([pipeline], root))(greetLong).hash).not.toBe(before.hash);
  });

  it("name what is missing", async () => {
    rmSync(join(root, "containers"), { recursive: true });
    const bundles = await bundleTasks([pipeline], root);
    expect(() => bundles(greetLong)).toThrow("containers/box/Dockerfile is missing");
    rmSync(join(root, "lambdas/demo/greet.ts"));
    await expect(bundleTasks([pipeline], root)).rejects.toThrow("lambdas/demo/greet.ts");
  });
});
