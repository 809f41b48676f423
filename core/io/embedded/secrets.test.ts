import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedSecrets, writeSecret } from "./secrets.ts";

describe("secrets of one machine", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secrets-"));
    path = join(folder, "secrets.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("keeps the file for its owner alone, and the other roles in it", async () => {
    await writeSecret(folder, "learn/webhook", { key: "one" });
    await writeSecret(folder, "slack/bot", { token: "two" });
    await writeSecret(folder, "learn/webhook", { key: "three" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const secrets = embeddedSecrets(folder, {});
    expect(await secrets.read("learn/webhook")).toEqual({ key: "three" });
    expect(await secrets.read("slack/bot")).toEqual({ token: "two" });
  });

  it.each([0o640, 0o604, 0o620])("refuses a file of mode %o and says how to close it", async (mode) => {
    writeFileSync(path, '{"a":{"k":"v"}}');
    chmodSync(path, mode);
    const refused = { name: "Misconfigured", code: "secrets_readable", info: { hint: `Run: chmod 600 ${path}` } };
    await expect(embeddedSecrets(folder, {}).read("a")).rejects.toMatchObject(refused);
    await expect(writeSecret(folder, "b", {})).rejects.toMatchObject(refused);
  });

  it("prefers the environment", async () => {
    await writeSecret(folder, "learn/webhook", { key: "file" });
    const secrets = embeddedSecrets(folder, { MILLRACE_SECRET_LEARN_WEBHOOK: '{"key":"env"}' });
    expect(await secrets.read("learn/webhook")).toEqual({ key: "env" });
  });

  it("does not read a damaged file as an empty one", async () => {
    writeFileSync(path, '{"a":', { mode: 0o600 });
    await expect(embeddedSecrets(folder, {}).read("a")).rejects.toMatchObject({ code: "secret_malformed" });
    await expect(writeSecret(folder, "a", {})).rejects.toMatchObject({ code: "secret_malformed" });
  });
});
