import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

/**
 * What `npm test` runs: every check, every test, a short chaos run. With arguments only the tests that they choose
 * (they are passed to vitest). The last line counts what really ran.
 */
const root = join(import.meta.dirname, "..");
const chosen = process.argv.slice(2);
const report = mkdtempSync(join(tmpdir(), "millrace-test-"));

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const counts: Count[] = [];
if (chosen.length === 0) counts.push(await checks());
counts.push(await tests(chosen));
if (chosen.length === 0) counts.push(await chaos());
rmSync(report, { recursive: true, force: true });

const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function checks(): Promise<Count> {
  const { output, status } = await run("node", ["bin/check.ts"]);
  const failures = [...output.matchAll(/^FAILED /gm)].length;
  // A check that dies before it judges has failed too.
  return { passed: [...output.matchAll(/^ok {4}/gm)].length, failed: status === 0 ? failures : Math.max(1, failures) };
}

async function tests(args: readonly string[]): Promise<Count> {
  const file = join(report, "vitest.json");
  const { status } = await run("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...args,
  ]);
  const Report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numFailedTestSuites: z.number() });
  const { numPassedTests, numFailedTests, numFailedTestSuites } = Report.parse(JSON.parse(readFileSync(file, "utf8")));
  // A file that cannot be loaded has no tests to fail: its suite counts.
  const failures = numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
  return { passed: numPassedTests, failed: status === 0 ? failures : Math.max(1, failures) };
}

async function chaos(): Promise<Count> {
  const { status } = await run("node", ["bench/chaos.ts", "--kills", "5", "--seed", "1"]);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function run(name: string, args: readonly string[]): Promise<{ output: string; status: number }> {
  const child = spawn(join(root, "node_modules", ".bin", name), args, {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ output, status: status ?? 1 }));
  });
}
