import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

const WATCHDOG = join(import.meta.dirname, "watchdog.ts");

/** A process that is watched while it does this; how it has ended. */
async function ended(code: string): Promise<unknown> {
  const script = `import { watchEventLoop } from ${JSON.stringify(WATCHDOG)}; watchEventLoop(1_200); ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
  const [exitCode, signal]: unknown[] = await once(child, "exit");
  return signal ?? exitCode;
}

it("ends a process whose event loop turns no more: it would report nothing and stop nothing", async () => {
  // Once the thread is there.
  expect(await ended("setTimeout(() => { for (;;); }, 500);")).toBe("SIGALRM");
});

it("leaves one alone that waits, and holds none that is done", async () => {
  expect(await ended("setTimeout(() => undefined, 2_500);")).toBe(0);
});
