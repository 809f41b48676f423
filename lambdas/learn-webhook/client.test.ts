import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLearnReceiver, type LearnReceiver } from "../../test/standins/learn-receiver.ts";
import { contentFilesBody } from "./body.ts";
import { REPLY_MAX_BYTES, callLearn } from "./client.ts";
import { CONTENT_FILES_ROUTE } from "./delivery-key.ts";

const token = "shared-secret";
const body = contentFilesBody({ courseId: "course-v1:É+1+2", contentPath: "xpro/a.xml.tar.gz", source: "xpro" });

let receiver: LearnReceiver;
beforeAll(async () => {
  receiver = await startLearnReceiver(token);
});
afterAll(() => receiver.close());

const call = (over: Partial<Parameters<typeof callLearn>[0]> = {}) =>
  callLearn({ url: receiver.url + CONTENT_FILES_ROUTE, token, body, ...over });

describe("a call to MIT Learn", () => {
  it("sends the signed bytes and their headers", async () => {
    expect(await call()).toEqual({ reply: { status: 200, text: '{"status":"success","message":"Webhook received"}' } });
    const got = receiver.received.at(-1);
    expect(got?.body).toBe(body.toString("ascii"));
    expect(got?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^Millrace\/\d/),
      "content-length": String(body.byteLength),
    });
  });

  it.each([
    ["a wrong secret", { token: "other" }],
    ["a missing final slash", { url: "/api/v1/webhooks/content_files" }],
    ["an unknown source", { body: contentFilesBody({ courseId: "c", contentPath: "p", source: "mitx" }) }],
  ])("explains the 405 of %s", async (_name, over) => {
    const url = "url" in over ? { url: receiver.url + over.url } : {};
    const { reply, failure } = await call({ ...over, ...url, mark: "5ec1e7" });
    expect(reply?.status).toBe(405);
    expect(failure).toMatchObject({ name: "Rejected", code: "learn_refused" });
    expect(failure?.message).toMatch(/405 from POST .*signature.*source.*slash, not a wrong method/);
    expect(failure?.message).toMatch(/secret version 5ec1e7, body hash [0-9a-f]{64}/);
  });

  it.each([
    [301, "Rejected", "learn_redirect"],
    [307, "Rejected", "learn_redirect"],
    [400, "Rejected", "learn_refused"],
    [401, "Rejected", "learn_refused"],
    [403, "Rejected", "learn_refused"],
    [404, "Rejected", "learn_refused"],
    [408, "Transient", "learn_unavailable"],
    [500, "Transient", "learn_unavailable"],
    [503, "Transient", "learn_unavailable"],
    [0, "Transient", "learn_unreachable"],
  ])("maps %i to %s %s", async (status, name, code) => {
    const before = receiver.received.length;
    receiver.answerNext({ status, headers: { location: `${receiver.url}/elsewhere` } });
    expect((await call()).failure).toMatchObject({ name, code });
    expect(receiver.received.length).toBe(before + 1);
  });

  it.each([
    ["7", 7],
    ["soon", 60],
    ["999999", 3_600],
    [new Date(Date.now() - 5_000).toUTCString(), 1],
  ])("reads Retry-After %s of a 429", async (value, seconds) => {
    receiver.answerNext({ status: 429, headers: { "retry-after": value } });
    const { failure } = await call();
    expect(failure).toMatchObject({ name: "Throttled", info: { retryAfterSeconds: seconds } });
  });

  it("keeps 2 KB of a reply, without the secret or an address", async () => {
    receiver.answerNext({ status: 400, text: `${token} of someone@example.edu ${"x".repeat(100_000)}` });
    const { reply } = await call();
    expect(reply?.text).toMatch(/^\[secret\] of \[address\] x/);
    expect(reply?.text.length).toBeLessThanOrEqual(REPLY_MAX_BYTES);
  });

  it("does not take a web page with status 200 for the receiver", async () => {
    receiver.answerNext({ status: 200, text: "<html>sign in</html>" });
    expect((await call()).failure).toMatchObject({ name: "Transient", code: "unexpected_reply" });
  });

  it("gives up on a silent receiver and on one that does not listen", async () => {
    receiver.answerNext({ status: 200, delayMs: 2_000 });
    expect((await call({ timeoutMs: 50 })).failure).toMatchObject({ name: "Transient", code: "learn_timeout" });
    expect((await call({ url: "http://127.0.0.1:1/" })).failure).toMatchObject({
      name: "Transient",
      code: "learn_unreachable",
    });
  });

  it("speaks TLS where https is written", async () => {
    const url = receiver.url.replace("http:", "https:") + CONTENT_FILES_ROUTE;
    expect((await call({ url })).failure).toMatchObject({ name: "Misconfigured", code: "learn_certificate" });
  });
});

describe("a reply that shows the secret", () => {
  const secret = 'se"cret/ü+1';
  const replied = async (text: string): Promise<string> => {
    receiver.answerNext({ status: 400, text });
    return (await call({ token: secret })).reply?.text ?? "";
  };

  it("is kept without it, however it was written", async () => {
    const bytes = Buffer.from(secret);
    const forms = [secret, JSON.stringify({ secret }), encodeURIComponent(secret)];
    const encoded = [bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("hex")];
    expect(await replied([...forms, ...encoded].join(" "))).toBe(
      '[secret] {"secret":"[secret]"} [secret] [secret] [secret] [secret]',
    );
  });

  it.each([0, 1, 5, 11, 12])("is kept without a part of it, %i bytes before the cut", async (before) => {
    const text = await replied(`${secret} ${"x".repeat(REPLY_MAX_BYTES - before)}${secret}${"y".repeat(50)}`);
    expect(text).toMatch(/^\[secret\] x+(\[|$)/);
    expect(text.replaceAll("[secret]", "").replace(/\[\w*$/, "")).not.toContain("se");
    expect(text.length).toBeGreaterThan(REPLY_MAX_BYTES - 100);
  });
});
