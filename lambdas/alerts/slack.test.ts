import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { startSlack, type SlackAnswer, type SlackStandIn } from "../../test/standins/slack.ts";
import { post } from "./call.ts";
import { postToSlack } from "./slack-client.ts";
import { slackTarget } from "./slack-target.ts";

const target = (fields: Record<string, string>, environment: EnvironmentName = "qa") =>
  slackTarget({ read: async () => fields }, environment);

describe("where alerts go", () => {
  it.each([
    ["production", "#alerts", "#alerts"],
    ["qa", "#alerts", "#alerts-qa"],
    ["ci", "alerts", "alerts-ci"],
    ["dev", "#alerts-dev", "#alerts-dev"],
    ["qa", "C0123ABCD", "C0123ABCD"],
  ] as const)("in %s with the channel %s: %s", async (environment, channel, expected) => {
    expect(await target({ token: " t\n", channel }, environment)).toEqual({
      by: "bot",
      url: "https://slack.com/api/chat.postMessage",
      token: "t",
      channel: expected,
    });
  });

  it("is an incoming webhook, or nowhere", async () => {
    const webhookUrl = "https://hooks.slack.com/services/T0/B0/x";
    expect(await target({ webhookUrl }, "production")).toEqual({ by: "webhook", url: webhookUrl });
    expect(await target({ token: "t" }, "dev")).toMatchObject({ by: "none" });
  });

  it.each([
    [{}, "qa"],
    [{ token: "t" }, "production"],
    [{ webhookUrl: "https://slack.com/services/T0" }, "qa"],
    [{ webhookUrl: "https://hooks.slack.com.example.com/services/T0" }, "qa"],
    [{ webhookUrl: "https://hooks.slack.com:8443/services/T0" }, "qa"],
    [{ webhookUrl: "http://hooks.slack.com/services/T0" }, "qa"],
    [{ webhookUrl: "https://user:secret@hooks.slack.com/services/T0" }, "qa"],
    [{ token: "t", channel: "c", baseUrl: "https://example.com/api" }, "qa"],
    [{ token: "t", channel: "c", baseUrl: "http://169.254.169.254/" }, "qa"],
    [{ token: "t", channel: "c", baseUrl: "http://127.0.0.1:1" }, "production"],
  ] as const)("is refused for %j in %s, without showing it", async (fields, environment) => {
    const refusal = target(fields, environment);
    await expect(refusal).rejects.toMatchObject({ name: "Misconfigured", code: "slack_secret_invalid" });
    await expect(refusal).rejects.not.toThrow(/services|example|169|secret@/);
  });
});

describe("what Slack answers", () => {
  let slack: SlackStandIn;
  beforeAll(async () => {
    slack = await startSlack();
  });
  afterAll(() => slack.close());

  const message = { text: "one line", blocks: [{ type: "divider" }] } as never;
  const byBot = () => ({ by: "bot" as const, url: `${slack.url}/chat.postMessage`, token: "xoxb-test", channel: "#c" });
  const byWebhook = () => ({ by: "webhook" as const, url: slack.webhookUrl });
  const CASES: readonly [SlackAnswer, string, string][] = [
    [{ error: "invalid_auth" }, "Misconfigured", "invalid_auth"],
    [{ error: "channel_not_found" }, "Misconfigured", "channel_not_found"],
    [{ error: "restricted_action_thread_locked" }, "Misconfigured", "restricted_action_thread_locked"],
    [{ error: "ratelimited", headers: { "retry-after": "30" } }, "Throttled", "ratelimited"],
    [{ error: "internal_error" }, "Transient", "internal_error"],
    [{ error: "too_many_attachments" }, "Rejected", "too_many_attachments"],
    [{ error: "a <b>" }, "Rejected", "unknown_error"],
    [{ status: 429, headers: { "retry-after": "30" } }, "Throttled", "throttled"],
    [{ status: 500 }, "Transient", "unavailable"],
    [{ status: 302, headers: { location: "https://example.com" } }, "Rejected", "refused"],
    [{ status: 200, body: "<html>" }, "Transient", "unexpected_reply"],
    [{ status: 0 }, "Transient", "no_answer"],
  ];

  it.each(CASES)("%j is %s %s", async (answer, name, code) => {
    slack.answerNext(answer);
    const sending = postToSlack(byBot(), { message, id: "i", thread: null });
    await expect(sending).rejects.toMatchObject({ name, code });
    if (name === "Throttled") await expect(sending).rejects.toMatchObject({ info: { retryAfterSeconds: 30 } });
  });

  const WEBHOOK: readonly [SlackAnswer, string, string][] = [
    [{ status: 404, body: "no_service" }, "Misconfigured", "no_service"],
    [{ status: 403, body: "action_prohibited" }, "Misconfigured", "action_prohibited"],
    [{ status: 410, body: "channel_is_archived" }, "Misconfigured", "channel_is_archived"],
    [{ status: 400, body: "user_not_found" }, "Rejected", "user_not_found"],
    [{ status: 500, body: "rollup_error" }, "Transient", "unavailable"],
  ];

  it.each(WEBHOOK)("a webhook's %j is %s %s", async (answer, name, code) => {
    slack.answerNext(answer);
    const sending = postToSlack(byWebhook(), { message, id: "i", thread: null });
    await expect(sending).rejects.toMatchObject({ name, code });
    await expect(sending).rejects.not.toThrow(slack.webhookUrl);
  });

  it("is a name to answer by, for a bot only", async () => {
    const first = await postToSlack(byBot(), { message, id: "first", thread: null });
    expect(first).toMatchObject({ channel: "#c", ts: expect.any(String) });
    expect(await postToSlack(byWebhook(), { message, id: "w", thread: null })).toBeNull();
    slack.answerNext({ error: "duplicate_message_not_found" });
    expect(await postToSlack(byBot(), { message, id: "known", thread: null })).toBeNull();
  });

  it("may come too late", async () => {
    slack.answerNext({ accept: true, delayMs: 400 });
    const call = post({ url: `${slack.url}/chat.postMessage`, what: "try", timeoutMs: 40, body: "{}" });
    await expect(call).rejects.toMatchObject({ name: "Transient", code: "no_answer" });
  });

  it("refuses blocks, and takes the one line", async () => {
    slack.answerNext({ error: "invalid_blocks" });
    await postToSlack(byBot(), { message, id: "second", thread: { channel: "C1", ts: "1.2" } });
    expect(slack.accepted.at(-1)).toMatchObject({ text: "one line", blocks: [], channel: "C1", thread_ts: "1.2" });
  });
});
