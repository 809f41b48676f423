import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEmulator, type Emulator } from "./emulator.ts";

/** docs/deploy.md, walked: the commands of its last section, as they stand there, against the emulator that it names. */
const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "deploy.md"), "utf8");
const section = page.slice(page.indexOf("\n## The same without an account"));
const fences = [...section.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, kind = "", text = ""]) => ({ kind, text }));

/** One command to an entry; a line that ends with a backslash goes on. */
const commands = fences
  .filter(({ kind }) => kind === "sh")
  .flatMap(({ text }) =>
    text
      .replaceAll(/\\\n\s*/g, "")
      .trimEnd()
      .split("\n"),
  )
  .map((line) => ({ line, expected: Number(/ # ends with (\d)/.exec(line)?.[1] ?? 0) }));

let emulator: Emulator;
let bin: string;
beforeAll(async () => {
  emulator = await startEmulator();
  // `aws` is not part of this repository: the stand-in runs on the Python environment that has AWS's service models.
  bin = mkdtempSync(join(tmpdir(), "millrace-walk-"));
  const python = join(root, ".tools", "python", "bin", "python");
  writeFileSync(join(bin, "aws"), `#!/bin/sh\nexec "${python}" "${join(root, "test", "standins", "aws.py")}" "$@"\n`);
  chmodSync(join(bin, "aws"), 0o755);
});
afterAll(async () => {
  await emulator?.stop();
  rmSync(bin, { recursive: true, force: true });
  rmSync(join(root, ".tools", "first.log.gz"), { force: true });
});

function run(line: string): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn("bash", ["-c", `set -euo pipefail\n${line}`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...emulator.env,
      PATH: `${bin}:${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
      CDK_DISABLE_CLI_TELEMETRY: "true",
      CI: "true",
    },
  });
  let output = "";
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, output }));
  });
}

it("begins with the emulator that the tests use", () => {
  expect(fences[0]).toEqual({ kind: "emulator", text: "npm run emulator\n" });
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(scripts["emulator"]).toBe("node bin/ensure.js emulator");
  expect(readFileSync(join(root, "bin", "ensure.js"), "utf8")).toContain('"test/deploy/run-emulator.ts"');
});

it("goes from an empty account to the first run, an update and the end", async () => {
  expect(commands.length).toBeGreaterThan(12);
  for (const { line, expected } of commands) {
    const { status, output } = await run(line);
    expect(status, `${line}\n${output}\nThe emulator says:\n${emulator.log()}`).toBe(expected);
  }
}, 600_000);

it("names no page, file or heading that is not there", () => {
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
  const headings = new Set(
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => `#${text.toLowerCase().replaceAll(" ", "-")}`),
  );
  expect(links.filter((link) => link.startsWith("#") && !headings.has(link))).toEqual([]);
  const files = links.filter((link) => !/^(#|https:)/.test(link));
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    const [path = ""] = file.split("#");
    expect(readFileSync(join(root, "docs", path), "utf8").length, file).toBeGreaterThan(0);
  }
});
