import { beforeEach, expect, test } from "vitest";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { AlertEvent } from "../model/alerts/alert-event.ts";
import { messagesOf } from "../model/alerts/messages.ts";
import { openItems } from "./items.ts";
import { checkPartitions } from "./partition-checks.ts";
import type { StandingFailures } from "./standing.ts";

const run = { id: "check-1", domain: "operations", startedAt: "2090-01-02T13:00:00.000Z" };
const FAILED_AT = Date.parse("2090-01-01T00:00:00Z");
const rules = { automatic: [], failedOnceDelayMs: 0, create: true };

let ledger: ReturnType<typeof memoryLedger>;
let executions: MemoryExecutions;
beforeEach(() => {
  ledger = memoryLedger(() => FAILED_AT / 1_000);
  executions = new MemoryExecutions();
});

const check = (assets: readonly string[]) =>
  checkPartitions({
    ...{ ledger, executions, items: openItems(ledger), run },
    settings: {
      environment: "qa",
      machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-",
      watched: { assets: [...assets] },
    },
  });
async function fail(asset: string, partitions: readonly string[], failureClass = "Malformed"): Promise<void> {
  const items = openItems(ledger);
  for (const [index, partition] of partitions.entries()) {
    const outcome = { status: "failed", class: failureClass, code: "c", message: "m" } as const;
    const event = { type: "run-ended", run: `${asset}-${partition}`, at: FAILED_AT + index, outcome } as const;
    await items.apply({ asset, partition }, event, { now: FAILED_AT + index, ...rules });
  }
}
const kept = async (asset: string) => (await ledger.get("partition-check", asset))?.data;
const events = () => executions.all.map(({ input }) => AlertEvent.parse((input as { readonly event: unknown }).event));

const keys = Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, "0")}`);

test("what stands failed is counted whole and listed in part, and the text says so", async () => {
  await fail("a/logs", keys.slice(0, 22));
  await fail("a/logs", keys.slice(22), "Rejected");
  expect(await check(["a/logs", "b/never"])).toEqual({ assets: 2, red: 1, failedPartitions: 25 });
  expect(await kept("a/logs")).toMatchObject({
    ...{ failed_partitions: 25, sample: keys.slice(0, 20), sample_truncated: true },
    ...{ by_class: { Malformed: 22, Rejected: 3 }, oldest: "2090-01-01T00:00:00.000Z" },
    recovery: expect.stringMatching(/^25 failed\. Only 20 of them are listed\..*All 25 .*rerun --failed a\/logs/),
  });
  expect(await kept("b/never")).toMatchObject({ failed_partitions: 0, sample: [], oldest: null, by_class: {} });
  expect(events()).toMatchObject([
    {
      kind: "checks-failed",
      checks: [
        {
          ...{ asset: "a/logs", check: "standing_failures", url: expect.stringContaining("check-1") },
          metadata: [
            ["failed_partitions", 25],
            ["by_class", "Malformed 22, Rejected 3"],
            ["oldest", "2090-01-01T00:00:00.000Z"],
          ],
        },
      ],
    },
  ]);
});

test("a second attempt of the check says nothing twice, and green assets raise nothing", async () => {
  await check(["b/never"]);
  expect(executions.all).toEqual([]);
  await fail("a/logs", ["x"]);
  await check(["a/logs"]);
  await check(["a/logs"]);
  expect(executions.all).toHaveLength(1);
});

/** Many assets without writing them: the check reads counts and pages only. */
const items = (failed: number) => ({
  counts: async () => ({ in_progress: 0, failed, missing: 0, stale: 0, materialised: 0, retired: 0 }),
  page: async (_: string, { after = "0" }: { readonly after?: string }) => {
    const from = Number(after);
    const rows = Array.from({ length: Math.min(1_000, failed - from) }, (__, index) => ({
      ...{
        partition: `k${from + index}`,
        status: "failed" as const,
        since: FAILED_AT + from + index,
        class: "Malformed",
      },
    }));
    return from + 1_000 < failed ? { items: rows, next: String(from + 1_000) } : { items: rows };
  },
});
const checkMany = (assets: number, failed: number) =>
  checkPartitions({
    ...{ ledger, executions, items: items(failed), run },
    settings: {
      ...{ environment: "qa", machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-" },
      watched: { assets: Array.from({ length: assets }, (_, index) => `asset/${index}`) },
    },
  });

test("300 red assets are told in messages of 49, without a gap and without a repeat", async () => {
  await checkMany(300, 1);
  const told = events().flatMap((event) =>
    event.kind === "checks-failed" ? messagesOf(event, 0).map(({ blocks }) => blocks) : [],
  );
  expect(told.every((blocks) => blocks.length <= 50)).toBe(true);
  const sections = told.flatMap((blocks) => blocks.slice(1).map((block) => JSON.stringify(block)));
  const shown = sections.map((text) => /\*(asset\/\d+)\*/.exec(text)?.[1]);
  expect(shown).toEqual(Array.from({ length: 300 }, (_, index) => `asset/${index}`));
  for (const { input } of executions.all) expect(JSON.stringify(input).length).toBeLessThan(256_000);
});

test("a hundred thousand failures of one asset are counted by class, page by page", async () => {
  await checkMany(1, 99_001);
  const check = (await kept("asset/0")) as {
    readonly by_class: StandingFailures["byClass"];
    readonly sample: unknown[];
  };
  expect(check.by_class).toEqual({ Malformed: 99_001 });
  expect(check.sample).toHaveLength(20);
});
