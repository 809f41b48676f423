import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awsLedger } from "./ledger.ts";
import { awsObjects } from "./objects.ts";
import { awsSecrets } from "./secrets.ts";
import { awsTokens } from "./tokens.ts";

/** A service that answers every request alike: what the SDK makes of it is what the adapters get. */
async function answering(listener: RequestListener): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    request.resume();
    listener(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${port}`);
  return async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
}

const xml = (status: number, code: string): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(`<Error><Code>${code}</Code><Message>says the service</Message></Error>`);
  };
};
const json = (status: number, type: string, extra: object = {}): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": type });
    response.end(JSON.stringify({ __type: type, message: "says the service", ...extra }));
  };
};

describe("AWS's refusals", () => {
  beforeEach(() => {
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  });
  afterEach(() => void vi.unstubAllEnvs());

  const getObject = () => awsObjects().get({ bucket: "millrace", key: "a" });
  const getItem = () => awsLedger("table").get("a", "b");
  const write = () => awsLedger("table").write([{ delete: { pk: "a", sk: "b" }, if: { rev: 1 } }]);
  const writeTwo = () =>
    awsLedger("table").write([
      { delete: { pk: "a", sk: "b" }, if: { any: true } },
      { delete: { pk: "a", sk: "c" }, if: { rev: 1 } },
    ]);
  const cancelled = (...codes: string[]) =>
    json(400, "TransactionCanceledException", { CancellationReasons: codes.map((Code) => ({ Code })) });

  it.each([
    ["S3 SlowDown", xml(503, "SlowDown"), getObject, "Throttled", "aws_throttled"],
    ["S3 out of order", xml(500, "InternalError"), getObject, "Transient", "aws_unavailable"],
    ["S3 denies", xml(403, "AccessDenied"), getObject, "Misconfigured", "aws_denied"],
    ["S3 has no such bucket", xml(404, "NoSuchBucket"), getObject, "Misconfigured", "aws_resource_missing"],
    ["S3 has no such key", xml(404, "NoSuchKey"), getObject, "Rejected", "object_missing"],
    ["S3 refuses", xml(400, "InvalidRequest"), getObject, "Rejected", "aws_rejected"],
    ["DynamoDB throughput", json(400, "ProvisionedThroughputExceededException"), getItem, "Throttled", "aws_throttled"],
    [
      "DynamoDB without table",
      json(400, "ResourceNotFoundException"),
      getItem,
      "Misconfigured",
      "aws_resource_missing",
    ],
    ["DynamoDB condition", json(400, "ConditionalCheckFailedException"), write, "Conflict", "stale_item"],
    ["DynamoDB transaction", cancelled("None", "ConditionalCheckFailed"), writeTwo, "Conflict", "stale_item"],
    ["DynamoDB transaction slowed", cancelled("None", "ThrottlingError"), writeTwo, "Throttled", "aws_throttled"],
    ["expired credentials", json(400, "ExpiredTokenException"), getItem, "Misconfigured", "aws_credentials"],
    ["a dead task", json(400, "TaskTimedOut"), () => awsTokens().heartbeat("t"), "Conflict", "task_gone"],
    [
      "no secret",
      json(400, "ResourceNotFoundException"),
      () => awsSecrets("p").read("learn/webhook"),
      "Misconfigured",
      "secret_missing",
    ],
  ])("%s", async (_, listener, call, name, code) => {
    const close = await answering(listener);
    await expect(call()).rejects.toMatchObject({ name, code });
    await close();
  });

  it("a service that nobody answers for", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    await expect(getItem()).rejects.toMatchObject({ name: "Transient", code: "aws_unreachable" });
  });

  it("a host that does not exist", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://millrace.invalid");
    await expect(getItem()).rejects.toMatchObject({ name: "Misconfigured", code: "aws_endpoint" });
  });

  it("a body that breaks off", async () => {
    const close = await answering((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("only this");
      setTimeout(() => response.destroy(), 20);
    });
    const interrupted = { name: "Transient", code: "object_interrupted" };
    await expect(buffer(await getObject())).rejects.toMatchObject(interrupted);
    const withFile = awsObjects().withFile({ bucket: "millrace", key: "a" }, async () => "never");
    await expect(withFile).rejects.toMatchObject(interrupted);
    await close();
  });
});
