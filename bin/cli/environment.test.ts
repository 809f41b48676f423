import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../test/contract/temporary-folder.ts";
import { GROUPS, runProgram, VERBS } from "./program.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  vi.stubEnv("MILLRACE_STATE", join(folder.path, "state"));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  folder.remove();
});

async function answer(...args: readonly string[]) {
  let printed = "";
  const keep = (text: string | Uint8Array): boolean => (printed += String(text)) !== "";
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const status = await runProgram(["node", "millrace", ...args, "--json"]);
  return { status, value: JSON.parse(printed), state: existsSync(join(folder.path, "state")) };
}

const verbs = [
  ...VERBS.map((verb) => ({ verb, group: [] as string[] })),
  ...Object.entries(GROUPS).flatMap(([name, group]) => group.verbs.map((verb) => ({ verb, group: [name] }))),
].map(({ verb, group }) => ({
  home: verb.home,
  words: [...group, ...verb.usage.replaceAll(/ (?:<[^>]*>|\[[^\]]*\])/g, " x").split(" ")],
}));

describe("an environment in AWS", () => {
  it.each(verbs.filter(({ home }) => home !== "either"))("is nothing that $words acts on", async ({ words }) => {
    expect(await answer(...words, "--environment", "qa")).toMatchObject({
      ...{ status: 2, state: false },
      value: { error: { code: "embedded_only", message: expect.stringContaining("qa in AWS") } },
    });
  });

  it.each(verbs.filter(({ home }) => home === "either"))("must be known to $words", async ({ words }) => {
    const refused = {
      ...{ status: 2, state: false },
      value: { error: { code: "unknown_environment", hint: expect.stringContaining("qa, production") } },
    };
    expect(await answer(...words, "--env", "quality")).toMatchObject(refused);
    vi.stubEnv("MILLRACE_ENVIRONMENT", "");
    expect(await answer(...words)).toMatchObject(refused);
  });
});
