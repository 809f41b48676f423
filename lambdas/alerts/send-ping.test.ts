import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openAlerts } from "../../core/io/alerts.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedSecrets, writeSecret } from "../../core/io/embedded/secrets.ts";
import type { TaskContext } from "../../core/task.ts";
import { startSlack, type SlackStandIn } from "../../test/standins/slack.ts";
import { ping } from "./ping.ts";
import { handler, sendPing } from "./send-ping.ts";

let service: SlackStandIn;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
const role = "healthchecks/mitxonline";

beforeAll(async () => {
  service = await startSlack();
});
afterAll(() => service.close());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-ping-"));
  ledger = embeddedLedger(folder);
  await writeSecret(folder, role, { check: "0f-check", host: `${service.url}/base/` });
  return () => {
    ledger.close();
    rmSync(folder, { recursive: true });
  };
});

const secrets = () => embeddedSecrets(folder, {});
const send = (signal: "success" | "fail", deployment = "mitxonline") => {
  const context = {
    io: { ledger, secrets: secrets() },
    settings: { environment: "dev" },
    run: { id: "run-1", state: "SendPing", attempt: 0 },
  } as unknown as TaskContext;
  return sendPing({ pipeline: "openedx", deployment, signal, at: "2026-01-15T08:00:00Z" }, context);
};
const since = (before: number) => service.calls.slice(before).map(({ path }) => path);

describe("dead-man pings", () => {
  it.each([
    ["success", "/base/0f-check"],
    ["fail", "/base/0f-check/fail"],
    ["start", "/base/0f-check/start"],
  ] as const)("%s goes to %s", async (signal, path) => {
    const before = service.calls.length;
    expect(await ping(secrets(), "qa", "mitxonline", signal)).toBe(true);
    expect(since(before)).toEqual([path]);
  });

  it("are tried three times while the service cannot answer, once when it refuses", async () => {
    const before = service.calls.length;
    service.answerNext({ status: 500 }, { status: 0 });
    expect(await ping(secrets(), "qa", "mitxonline", "fail", 0)).toBe(true);
    expect(since(before)).toEqual(Array.from({ length: 3 }, () => "/base/0f-check/fail"));
    service.answerNext({ status: 404, body: "not found" });
    await expect(ping(secrets(), "qa", "mitxonline", "fail", 0)).rejects.toMatchObject({ name: "Rejected" });
    expect(since(before)).toHaveLength(4);
  });

  it("make an alert of their own failure and fail no run", async () => {
    service.answerNext({ status: 404, body: "not found" });
    expect(await send("fail")).toMatchObject({ outcome: "failed", reason: expect.stringContaining("HTTP 404") });
    expect((await openAlerts(ledger).page()).records).toMatchObject([
      { status: "not-sent", reason: "no Slack secret", event: { kind: "ping-failed", role, signal: "fail" } },
    ]);
    expect(await send("success")).toEqual({ outcome: "sent" });
    expect(await send("success", "nobody")).toMatchObject({ outcome: "skipped" });
  });

  it("are refused for a wrong input before anything is sent", async () => {
    const run = { id: "r", domain: "d", job: "j", trigger: "t", startedAt: "s", state: "SendPing", attempt: 0 };
    const input = { pipeline: "openedx", deployment: "../other", signal: "failed", at: "2026-01-15T08:00:00Z" };
    const refused: Promise<unknown> = Promise.resolve(handler({ run, input }, {} as never));
    await expect(refused).rejects.toMatchObject({ name: "Misconfigured", message: expect.stringContaining("signal") });
  });

  it.each([
    { check: "../x" },
    { check: "a/b/c" },
    { host: "https://hc-ping.com" },
    { check: "x", host: "http://example.com" },
    { check: "x", host: "https://user:pw@example.com" },
  ])("are not sent with the secret %j", async (fields) => {
    await writeSecret(folder, role, fields);
    await expect(ping(secrets(), "qa", "mitxonline", "fail")).rejects.toMatchObject({ code: "ping_secret_invalid" });
  });
});
