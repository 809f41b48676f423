import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildWithDbt } from "./dbt-build.ts";
import { nodeResults } from "./dbt-results.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-dbt-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A command that stands where dbt does; `--target-path` is its argument after the selection. */
function command(script: string): string {
  const path = join(folder, "dbt");
  writeFileSync(path, `#!/usr/bin/env node\nconst args = process.argv.slice(2);\n${script}`, { mode: 0o755 });
  return path;
}

const WRITE = `
const fs = require("node:fs"), target = args[args.indexOf("--target-path") + 1];
const write = (results) => fs.writeFileSync(target + "/run_results.json", JSON.stringify({ metadata: {}, results }));
const node = (name, status, message) => ({ unique_id: "model.millrace." + name, status, execution_time: 0.1, message });
`;

async function build(script: string, options: { select?: string[]; signal?: AbortSignal; binary?: string } = {}) {
  const lines: string[] = [];
  const results = await buildWithDbt(
    {
      command: options.binary ?? command(script),
      project: folder,
      target: "duckdb",
      stateDir: join(folder, "state"),
    },
    options.select ?? [],
    {
      env: process.env,
      log: (line) => lines.push(line),
      signal: options.signal ?? new AbortController().signal,
    },
  );
  return { nodes: nodeResults(results), lines };
}

describe("a dbt build", () => {
  it("believes the results, not the exit code", async () => {
    const { nodes } = await build(
      `${WRITE} write([node("a", "success"), node("b", "error", "Binder Error: no column")]);`,
    );
    expect(nodes.map(({ name, outcome, failure }) => [name, outcome, failure])).toEqual([
      ["a", "succeeded", undefined],
      ["b", "failed", "Malformed"],
    ]);
  });

  it("repeats only what lost a commit race or met a broken engine", async () => {
    const { nodes, lines } = await build(`${WRITE}
      if (!args.includes("--select")) {
        write([
          node("race", "error", "Failed to commit: HTTP 409"),
          node("child", "skipped"),
          node("wrong", "error", "Parser Error"),
        ]);
      } else {
        console.log("selected " + args[args.indexOf("--select") + 1]);
        write([node("race", "success"), node("child", "success")]);
      }`);
    expect(lines).toContain("selected race+");
    expect(nodes.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
      "child succeeded",
      "race succeeded",
      "wrong failed",
    ]);
  });

  it("gives up a race after three attempts", async () => {
    const { nodes, lines } = await build(`${WRITE} console.log("run"); write([node("race", "error", "HTTP 503")]);`);
    expect(lines.filter((line) => line === "run")).toHaveLength(3);
    expect(nodes).toMatchObject([{ outcome: "failed", failure: "Transient" }]);
  });

  it("does not take old results for its own", async () => {
    await build(`${WRITE} write([node("a", "success")]);`);
    await expect(build(`console.log("Parsing Error in model b"); process.exitCode = 2;`)).rejects.toMatchObject({
      name: "Misconfigured",
      code: "dbt_did_not_run",
      message: expect.stringContaining("Parsing Error in model b"),
    });
  });

  it("says Transient when the catalogue does not answer", async () => {
    const script = `console.log("IO Error: Could not connect to server"); process.exitCode = 1;`;
    await expect(build(script)).rejects.toMatchObject({ name: "Transient" });
  });

  it("names the missing command", async () => {
    await expect(build("", { binary: join(folder, "no-dbt") })).rejects.toMatchObject({
      name: "Misconfigured",
      code: "dbt_missing",
      message: expect.stringContaining("no-dbt"),
    });
  });

  it("stops when its claim is lost", async () => {
    const lost = new AbortController();
    const running = build(`console.log("started"); setInterval(() => {}, 1000);`, { signal: lost.signal });
    setTimeout(() => lost.abort(new Error("lost")), 300);
    await expect(running).rejects.toThrow("lost");
  });
});
