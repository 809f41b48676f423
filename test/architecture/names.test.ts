import { basename } from "node:path";
import { expect, it } from "vitest";
import { domains } from "../../state-machines/index.ts";
import { exists, modules } from "./modules.ts";

const all = modules();

it("files are kebab-case and say what is in them", () => {
  const wrong = all.filter(({ path }) => {
    const name = basename(path).replace(/(\.test|\.d)?\.ts$/, "");
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|common|misc|shared|manager)$/.test(name);
  });
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

it("a test lies beside what it tests, or crosses folders and lies in test/", () => {
  const alone = all
    .map(({ path }) => path)
    .filter((path) => path.endsWith(".test.ts") && !path.startsWith("test/"))
    .filter((path) => !all.some((other) => other.path !== path && folder(other.path) === folder(path)));
  expect(alone).toEqual([]);
});

it("half of the files have fewer than 80 lines", () => {
  const lines = all
    .filter(({ path }) => !/(\.test\.ts$|^test\/|^bench\/)/.test(path))
    .map((module) => module.lines)
    .toSorted((a, b) => a - b);
  expect(lines.length).toBeGreaterThan(50);
  expect(lines[Math.floor(lines.length / 2)]).toBeLessThan(80);
});

it("every declared handler is a file", () => {
  const missing = domains.flatMap(({ pipeline: { domain, tasks } }) =>
    Object.entries(tasks)
      .filter(([, { handler }]) => !exists(`lambdas/${handler}.ts`))
      .map(([name, { handler }]) => `${domain}.${name}: lambdas/${handler}.ts`),
  );
  expect(missing).toEqual([]);
});

const folder = (path: string): string => path.slice(0, path.lastIndexOf("/"));
