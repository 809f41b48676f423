import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awsBus } from "../../core/io/aws/bus.ts";
import { awsLedger } from "../../core/io/aws/ledger.ts";
import { awsObjects } from "../../core/io/aws/objects.ts";
import { awsSecrets } from "../../core/io/aws/secrets.ts";
import { awsTokens } from "../../core/io/aws/tokens.ts";
import { awsObjectsHome, awsSecretsHome, createBus, createTable } from "./aws-homes.ts";
import { event } from "./bus-contract.ts";
import { askedFor, ATTEMPTS, outcomeOf, throughFaultyAws, type FaultyAws } from "./faulty-aws-home.ts";

/** Every call of every port meets the same faults; each is one request of the operation that names it. */
type Calls = Readonly<Record<string, { readonly of: string; readonly call: () => Promise<unknown> }>>;

let aws: FaultyAws;
let bucket: string;
let table: string;
let bus: string;
let calls: Calls;

throughFaultyAws(async (opened) => {
  aws = opened;
  const [objects, events, secrets] = [await awsObjectsHome.open(), await createBus(), await awsSecretsHome.open()];
  [bucket, table, bus] = [objects.bucket, await createTable(), events];
  await Promise.all([objects.port.put(bucket, "there", "body"), secrets.store("role", '{"a":"b"}')]);
});

// A client that was refused for long tries less often, so every test has its own.
beforeEach(() => {
  const [objects, ledger] = [awsObjects(), awsLedger(table)];
  const write = { put: { pk: "p", sk: "s", data: 1 }, if: { any: true } } as const;
  calls = {
    PutObject: { of: bucket, call: () => objects.put(bucket, "put", "body") },
    GetObject: { of: `${bucket}/there`, call: () => objects.get({ bucket, key: "there" }) },
    HeadObject: { of: `${bucket}/there`, call: () => objects.head({ bucket, key: "there" }) },
    ListObjectsV2: { of: bucket, call: () => objects.list(bucket, "") },
    GetItem: { of: table, call: () => ledger.get("p", "s") },
    UpdateItem: { of: table, call: () => ledger.write([write]) },
    DeleteItem: { of: table, call: () => ledger.write([{ delete: { pk: "p", sk: "x" }, if: { any: true } }]) },
    TransactWriteItems: {
      of: table,
      call: () => ledger.write([write, { ...write, put: { ...write.put, sk: "t" } }]),
    },
    Query: { of: table, call: () => ledger.query("p") },
    PutEvents: { of: bus, call: () => awsBus(bus).publish([event("one")]) },
    GetSecretValue: { of: "prefix/role", call: () => awsSecrets("prefix").read("role") },
    SendTaskHeartbeat: { of: '"heartbeat" of a task', call: () => awsTokens().heartbeat("token") },
  };
});
afterEach(() => void vi.useRealTimers());

/** Operation to what came of its call, all at a time. */
const outcomes = async (names: readonly string[] = Object.keys(calls)): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await outcomeOf(calls[name]?.call() ?? Promise.resolve())])),
  );
const each = <T>(of: (name: string) => T, names: readonly string[] = Object.keys(calls)): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, of(name)]));
const counts = (): Record<string, number> => each((name) => askedFor(aws, name).length);
const outOfOrder = { status: 503, code: "ServiceUnavailable" };
/** S3 says it by status and code of its own. */
const isS3 = (name: string): boolean => /Object/.test(name);

describe("AWS", () => {
  it("is asked again while it throttles, is out of order or loses the connection, and then answers", async () => {
    const names = Object.keys(calls).filter((name) => name !== "GetSecretValue" && name !== "SendTaskHeartbeat");
    for (const name of names) {
      const slow = isS3(name) ? { status: 503, code: "SlowDown" } : { status: 400, code: "ThrottlingException" };
      aws.next(name, slow, { status: 500, code: "InternalError" }, "lost");
    }
    expect(await outcomes(names)).toEqual(each(() => "done", names));
  });

  it.each([
    [
      "throttles",
      { status: 503, code: "SlowDown" },
      { status: 400, code: "ProvisionedThroughputExceededException" },
      { name: "Throttled", code: "aws_throttled", wait: 60 },
    ],
    ["is out of order", outOfOrder, outOfOrder, { name: "Transient", code: "aws_unavailable" }],
    ["loses the connection", "lost", "lost", { name: "Transient", code: "aws_unavailable" }],
  ] as const)("that %s for long is given up after a few attempts", async (_, ofS3, ofOthers, failure) => {
    for (const operation of Object.keys(calls)) aws.always(operation, isS3(operation) ? ofS3 : ofOthers);
    // The answer to HEAD has no body that would say more than "out of order".
    const ofHead = { name: "Transient", code: "aws_unavailable" };
    expect(await outcomes()).toMatchObject(each((operation) => (operation === "HeadObject" ? ofHead : failure)));
    expect(counts()).toEqual(each(() => ATTEMPTS));
  });

  it("that never answers is given up, each attempt and the whole", async () => {
    for (const operation of Object.keys(calls)) aws.always(operation, "silent");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const all = outcomes();
    const ended = { yet: false };
    void all.finally(() => (ended.yet = true));
    // Requests arrive in real time, of which a turn gives a little; their time-outs come in the time that is made here.
    for (let turn = 0; !ended.yet && turn < 10_000; turn += 1) {
      await vi.advanceTimersByTimeAsync(50);
      await new Promise((next) => setImmediate(next));
    }
    expect(await all).toMatchObject(each(() => ({ name: "Transient", code: "aws_unavailable" })));
    expect(counts()).toEqual(each(() => ATTEMPTS));
  });

  it.each([
    ["denies", { status: 403, code: "AccessDenied" }, { status: 400, code: "AccessDeniedException" }, "aws_denied"],
    [
      "sees that the credentials have expired",
      { status: 400, code: "ExpiredToken" },
      { status: 400, code: "ExpiredTokenException" },
      "aws_credentials",
    ],
    [
      "does not know who signs",
      { status: 403, code: "InvalidAccessKeyId" },
      { status: 400, code: "UnrecognizedClientException" },
      "aws_credentials",
    ],
    [
      "does not have what is named",
      { status: 404, code: "NoSuchBucket" },
      { status: 400, code: "ResourceNotFoundException" },
      expect.stringMatching(/aws_resource_missing|secret_missing/),
    ],
  ] as const)("that %s is asked once, and the failure names the resource", async (_, ofS3, ofOthers, code) => {
    const names = Object.keys(calls).filter((operation) => operation !== "HeadObject");
    for (const operation of names) aws.always(operation, isS3(operation) ? ofS3 : ofOthers);
    expect(await outcomes(names)).toEqual(
      each(
        (name) => ({
          name: "Misconfigured",
          code,
          message: expect.stringContaining(calls[name]?.of ?? ""),
          wait: undefined,
        }),
        names,
      ),
    );
    expect(each((operation) => askedFor(aws, operation).length, names)).toEqual(each(() => 1, names));
  });

  it("says no more than a status to HEAD, which is enough", async () => {
    const head = { name: "Misconfigured", message: expect.stringContaining(calls["HeadObject"]?.of ?? "") };
    aws.next("HeadObject", { status: 403, code: "" }, { status: 400, code: "" }, { status: 301, code: "" });
    expect(await outcomes(["HeadObject"])).toMatchObject({ HeadObject: { ...head, code: "aws_denied" } });
    expect(await outcomes(["HeadObject"])).toMatchObject({ HeadObject: { ...head, code: "aws_credentials" } });
    expect(await outcomes(["HeadObject"])).toMatchObject({ HeadObject: { ...head, code: "aws_endpoint" } });
  });

  it("has no such bucket and no such table", async () => {
    const [bucket, missing] = ["contract-nobodys", { name: "Misconfigured", code: "aws_resource_missing" }];
    const ledger = awsLedger("contract-nobodys");
    for (const call of [
      () => awsObjects().put(bucket, "a", "b"),
      () => awsObjects().get({ bucket, key: "a" }),
      () => awsObjects().list(bucket, ""),
      () => ledger.get("a", "b"),
      () => ledger.query("a"),
      () => ledger.write([{ delete: { pk: "a", sk: "b" }, if: { any: true } }]),
    ])
      await expect(call()).rejects.toMatchObject({ ...missing, message: expect.stringContaining(bucket) });
  });
});
