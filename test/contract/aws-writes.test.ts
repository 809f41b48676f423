import { beforeEach, describe, expect, it } from "vitest";
import { awsBus } from "../../core/io/aws/bus.ts";
import { awsLedger } from "../../core/io/aws/ledger.ts";
import { awsTokens } from "../../core/io/aws/tokens.ts";
import type { Bus, Ledger, LedgerWrite } from "../../core/io/ports.ts";
import { createBus, createTable } from "./aws-homes.ts";
import { event } from "./bus-contract.ts";
import { askedFor, ATTEMPTS, outcomeOf, throughFaultyAws, times, type FaultyAws } from "./faulty-aws-home.ts";

let aws: FaultyAws;
let table: string;
let busName: string;
let ledger: Ledger;
let bus: Bus;

throughFaultyAws(async (opened) => {
  aws = opened;
  [table, busName] = await Promise.all([createTable(), createBus()]);
});
beforeEach(() => {
  [ledger, bus] = [awsLedger(table), awsBus(busName)];
});
const asked = (operation: string): number => askedFor(aws, operation).length;

describe("the ledger in AWS", () => {
  let pk = 0;
  beforeEach(() => void (pk += 1));
  const key = (sk: string) => ({ pk: `p${pk}`, sk });
  const put = (sk: string, data: unknown, condition: LedgerWrite["if"]): LedgerWrite => ({
    put: { ...key(sk), data },
    if: condition,
  });
  const items = async () => (await ledger.query(`p${pk}`)).items.map(({ sk, rev, data }) => [sk, rev, data]);

  it("knows its own write again when only the answer was lost", async () => {
    aws.next("UpdateItem", "unanswered");
    await ledger.write([put("a", 1, { absent: true })]);
    aws.next("UpdateItem", "unanswered", "unanswered");
    await ledger.write([put("a", 2, { rev: 1 })]);
    expect(await items()).toEqual([["a", 2, 2]]);
    aws.next("DeleteItem", "unanswered");
    await ledger.write([{ delete: key("a"), if: { rev: 2 } }]);
    expect(await items()).toEqual([]);
    aws.next("TransactWriteItems", "unanswered");
    await ledger.write([put("a", 1, { absent: true }), put("b", 1, { any: true })]);
    expect(await items()).toEqual([
      ["a", 1, 1],
      ["b", 1, 1],
    ]);
    expect([asked("UpdateItem"), asked("DeleteItem"), asked("TransactWriteItems")]).toEqual([5, 2, 2]);
  });

  it("does not take somebody else's write for its own, whatever became of the first attempt", async () => {
    const stale = { name: "Conflict", code: "stale_item" };
    await ledger.write([put("a", "theirs", { absent: true })]);
    aws.next("UpdateItem", "lost");
    await expect(ledger.write([put("a", "ours", { absent: true })])).rejects.toMatchObject(stale);
    await ledger.write([put("a", "ours", { rev: 1 })]);
    await ledger.write([put("a", "theirs", { rev: 2 })]);
    aws.next("UpdateItem", "lost");
    await expect(ledger.write([put("a", "theirs", { rev: 1 })])).rejects.toMatchObject(stale);
    aws.next("DeleteItem", "lost");
    await expect(ledger.write([{ delete: key("a"), if: { rev: 1 } }])).rejects.toMatchObject(stale);
    await expect(ledger.write([put("a", "theirs", { rev: 2 })])).rejects.toMatchObject(stale);
    expect(await items()).toEqual([["a", 3, "theirs"]]);
  });

  const cancelled = (...codes: string[]) => ({
    status: 400,
    code: "TransactionCanceledException",
    more: { CancellationReasons: codes.map((Code) => ({ Code })) },
  });
  const two = () => ledger.write([put("a", 1, { absent: true }), put("b", 1, { absent: true })]);
  const one = () => ledger.write([put("c", 1, { absent: true })]);

  it("waits for others' transactions on the same items", async () => {
    aws.next("TransactWriteItems", cancelled("None", "TransactionConflict"), cancelled("ThrottlingError", "None"));
    await two();
    aws.next("UpdateItem", { status: 400, code: "TransactionConflictException" });
    await one();
    expect(await items()).toEqual(["a", "b", "c"].map((sk) => [sk, 1, 1]));
  });

  it.each([
    ["others' transactions", cancelled("None", "TransactionConflict"), "Transient", ATTEMPTS],
    ["throttling", cancelled("ProvisionedThroughputExceeded", "None"), "Throttled", ATTEMPTS],
    ["a condition", cancelled("TransactionConflict", "ConditionalCheckFailed"), "Conflict", 1],
    ["a request that is wrong", cancelled("ValidationError", "None"), "Rejected", 1],
  ])("names %s as what stands in the way of a transaction", async (_, fault, name, attempts) => {
    aws.always("TransactWriteItems", fault);
    await expect(two()).rejects.toMatchObject({ name });
    expect(asked("TransactWriteItems")).toBe(attempts);
    expect(await items()).toEqual([]);
  });

  it("goes on with its pages where it was slowed down", async () => {
    const large = "x".repeat(300_000);
    for (let index = 0; index < 8; index += 1) await ledger.write([put(`${index}`, large, { any: true })]);
    aws.next("Query", (answer) => void answer, { status: 400, code: "ThrottlingException" }, "lost");
    expect((await items()).map(([sk]) => sk)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    // 2.4 MB of items at 1 MB a page, and two of the requests came to nothing.
    expect(asked("Query")).toBe(5);
  });
});

describe("the bus in AWS", () => {
  const idsOf = (input: string): string[] =>
    (JSON.parse(input) as { Entries: { Detail: string }[] }).Entries.map(({ Detail }) => JSON.parse(Detail).eventId);
  const answer = (...codes: (string | undefined)[]) => ({
    status: 200,
    body: JSON.stringify({
      FailedEntryCount: codes.filter(Boolean).length,
      Entries: codes.map((code, index) =>
        code === undefined ? { EventId: `${index}` } : { ErrorCode: code, ErrorMessage: "says AWS" },
      ),
    }),
  });

  it("sends again only what was refused of a request that was accepted", async () => {
    aws.next(
      "PutEvents",
      answer(undefined, "ThrottlingException", "InternalFailure"),
      answer("InternalFailure", undefined),
    );
    await bus.publish([event("a"), event("b"), event("c")]);
    expect(askedFor(aws, "PutEvents").map(({ input }) => idsOf(input))).toEqual([["a", "b", "c"], ["b", "c"], ["b"]]);
  });

  it.each([
    ["ThrottlingException", { name: "Throttled", code: "aws_throttled", wait: 60 }, ATTEMPTS],
    ["InternalFailure", { name: "Transient", code: "aws_unavailable" }, ATTEMPTS],
    ["NotAuthorizedForSourceException", { name: "Misconfigured", code: "aws_denied" }, 1],
    ["MalformedDetail", { name: "Rejected", code: "aws_rejected" }, 1],
  ])("that goes on to refuse an entry for %s is said so, with the bus", async (code, failure, attempts) => {
    aws.next("PutEvents", answer(undefined, code), ...times(ATTEMPTS, answer(code)));
    expect(await outcomeOf(bus.publish([event("a"), event("b")]))).toMatchObject({
      ...failure,
      message: expect.stringMatching(`Cannot publish 1 events to ${busName}: ${code} .*says AWS`),
    });
    expect(asked("PutEvents")).toBe(attempts);
  });
});

describe("task tokens in AWS", () => {
  it.each([
    ["TaskTimedOut", { name: "Conflict", code: "task_gone" }],
    ["TaskDoesNotExist", { name: "Conflict", code: "task_gone" }],
    ["InvalidToken", { name: "Rejected", code: "aws_rejected" }],
    ["InvalidOutput", { name: "Rejected", code: "aws_rejected" }],
  ])("say once what %s means", async (code, failure) => {
    aws.always("SendTaskSuccess", { status: 400, code });
    expect(await outcomeOf(awsTokens().succeed("token", 1))).toMatchObject(failure);
    expect(asked("SendTaskSuccess")).toBe(1);
  });
});
