import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenLimits } from "../../../test/standins/slack.ts";
import type { RunFailed, ToldEvent } from "./alert-event.ts";
import { dbtErrors } from "./dbt-log.ts";
import { messagesOf, resolvedMessage, stormMessage } from "./messages.ts";
import { fenced } from "./slack-text.ts";

const common = { id: "e", at: "2026-01-15T08:00:00Z", environment: "qa" as const, pipeline: "openedx" };

const failedRun: RunFailed = {
  ...common,
  kind: "run-failed",
  run: {
    id: "0123456789abcdef",
    attempt: 1,
    links: { execution: "https://x.example/run", logs: "https://x.example/logs", runbook: "https://x.example/book" },
  },
  item: { asset: "a", partition: "course-v1:MITx+6.00x" },
  steps: [{ name: "ExportCourse", class: "Rejected", errorName: "export_refused", text: "HTTP 400 <b> & more" }],
  class: "Rejected",
  errorName: "export_refused",
  next: { do: "nothing", hint: "the request itself is refused" },
};

/** Text of others: long, of many planes, with half characters, markup and white space. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4_000 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.constantFrom("", " ", "```", "\ud800", "<!channel>", "&".repeat(5_000), "`".repeat(4_001), "😀".repeat(2_000)),
);
const name = text.filter((value) => value !== "");
const url = fc.oneof(text, fc.webUrl(), fc.constant(`https://x.example/${"y".repeat(4_000)}`));
const links = fc.record({ execution: url, logs: url, runbook: url }, { requiredKeys: [] });
const run = fc.record({ id: name, attempt: fc.integer({ min: 1 }), links });
const item = fc.option(fc.record({ asset: name, partition: name }));
const step = fc.record(
  { name, class: name, errorName: name, text, dbtFailed: fc.nat() },
  { requiredKeys: ["name", "class", "errorName", "text"] },
);
const check = fc.record({
  asset: name,
  check: name,
  description: text,
  metadata: fc.array(fc.tuple(text, fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null))), { maxLength: 5 }),
  url,
});
const base = { ...common, pipeline: name };
const constants = (values: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value instanceof fc.Arbitrary ? value : fc.constant(value)]),
  );
const event = fc.oneof(
  fc.record(
    constants({
      ...base,
      kind: "run-failed",
      run,
      item,
      steps: fc.array(step, { maxLength: 60 }),
      class: name,
      errorName: name,
      reason: text,
      next: fc.oneof(
        fc.record({ do: fc.constant("retry"), at: name }),
        fc.record({ do: fc.constantFrom("nothing", "lane-closed"), hint: text }),
      ),
      sentryEventId: text,
    }),
  ),
  fc.record(constants({ ...base, kind: "run-recovered", run, item, step: name, class: name, errorName: name })),
  fc.record(constants({ ...base, kind: "checks-failed", checks: fc.array(check, { minLength: 1, maxLength: 120 }) })),
  fc.record(
    constants({
      ...base,
      kind: fc.constantFrom("dead-man", "schedule-silent"),
      schedule: name,
      lastSeenAt: fc.option(text),
      maxSilenceSeconds: fc.nat(),
      links,
    }),
  ),
  fc.record(
    constants({
      ...base,
      kind: "lane-closed",
      lane: name,
      class: name,
      errorName: name,
      hint: text,
      waiting: fc.nat(),
      links,
    }),
  ),
  fc.record(
    constants({ ...base, kind: "ping-failed", role: name, signal: "fail", class: name, errorName: name, text }),
  ),
) as unknown as fc.Arbitrary<ToldEvent>;

describe("messages to Slack", () => {
  it("break no limit, whatever an event holds", () => {
    fc.assert(
      fc.property(event, fc.nat(), (given, suppressed) => {
        for (const message of messagesOf(given, suppressed)) expect(brokenLimits(message)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.nat()), { maxLength: 100 }), name, (counts, words) => {
        expect(brokenLimits(stormMessage(common, counts, 3))).toBeUndefined();
        const fingerprint = { environment: "qa", pipeline: words, step: words, class: words, errorName: words };
        expect(brokenLimits(resolvedMessage(fingerprint))).toBeUndefined();
      }),
    );
  });

  it("say of a failed run what failed, what happens next and where to look", () => {
    expect(messagesOf(failedRun, 7)).toEqual([
      {
        text: "Millrace QA Run Failure: openedx course-v1:MITx+6.00x (Rejected, ExportCourse: export_refused)",
        blocks: [
          { type: "header", text: { type: "plain_text", text: "Millrace QA Run Failure" } },
          markdown(
            "*Pipeline:* openedx\n*Partition:* course-v1:MITx+6.00x\n*Run:* 01234567\n*Class:* Rejected\n*Attempt:* 1",
          ),
          markdown("*Step:* ExportCourse\n```HTTP 400 &lt;b&gt; &amp; more```"),
          markdown(":repeat: *7 further failures* of this same step were suppressed since the last message"),
          markdown("will not retry: the request itself is refused"),
          {
            type: "actions",
            elements: [
              link("Open execution", "https://x.example/run"),
              link("Logs", "https://x.example/logs"),
              link("Runbook", "https://x.example/book"),
            ],
          },
        ],
      },
    ]);
  });

  it("name the reason of a run that died between steps, and call a bug unclassified", () => {
    const died: RunFailed = {
      ...failedRun,
      steps: [],
      item: null,
      class: "TypeError",
      reason: "Memory limit",
      next: { do: "retry", at: "08:10" },
    };
    const shown = JSON.stringify(messagesOf(died, 0));
    for (const part of [
      "*No step failure recorded*",
      "Memory limit",
      "TypeError (unclassified)",
      "*Partition:* none",
      "will retry once at 08:10",
    ])
      expect(shown).toContain(part);
    expect(shown).not.toContain(":repeat:");
  });

  it("show each failed check once, oldest first, 49 a message, three values each", () => {
    const checks = Array.from({ length: 120 }, (_, index) => ({
      asset: "a",
      check: `check-${index}.`,
      description: "",
      metadata: ["one", "two", "three", "four"].map((key): [string, string] => [key, "v"]),
      url: `https://x.example/${index}`,
    }));
    const messages = messagesOf({ ...common, kind: "checks-failed", checks }, 0);
    expect(messages.map(({ blocks }) => blocks.length)).toEqual([50, 50, 23]);
    const shown = messages.flatMap(({ blocks }) => blocks.slice(1).map((block) => JSON.stringify(block)));
    for (const [index, block] of shown.entries()) {
      expect(block).toContain(`*a* -- check-${index}.`);
      expect(block).toContain(`https://x.example/${index}"`);
      expect(block).toContain("three: v");
      expect(block).not.toContain("four");
    }
    expect(JSON.stringify(messages[1]?.blocks[0])).toContain("Millrace QA Check Failure (120)");
  });

  it("cut an error by whole characters, within its fence", () => {
    expect(fenced("a```b", 100)).toBe("```a'''b```");
    expect(fenced("<".repeat(10), 6 + 3 + 4)).toBe("```&lt;...```");
    expect(fenced("😀😀😀😀", 6 + 5)).toBe("```😀...```");
  });

  it("count the failed nodes of a dbt log before it is cut, and leave its preamble out", () => {
    const log = [
      "08:00:00  Running with dbt=1.11.16",
      "08:00:01  1 of 3 OK created sql table model a [OK in 0.1s]",
      "08:00:02  2 of 3 ERROR creating sql table model b [\u001b[31mERROR\u001b[0m in 0.1s]",
      "08:00:03  3 of 3 FAIL 4 unique_b_id [FAIL 4 in 0.1s]",
      "08:00:04  Completed with 2 errors, 0 partial successes, and 0 warnings:",
      "08:00:04  Runtime Error in model b: no such column",
    ].join("\n");
    const { failed, text: shown } = dbtErrors(log);
    expect(failed).toBe(2);
    expect(shown.split("\n")).toEqual(log.split("\n").slice(4));
    const [message] = messagesOf(
      { ...failedRun, steps: [{ name: "Dbt", class: "Rejected", errorName: "dbt", text: shown, dbtFailed: failed }] },
      0,
    );
    expect(JSON.stringify(message)).toContain("*DBT Error* (2 failed):");
    expect(dbtErrors("plain words")).toEqual({ failed: 0, text: "plain words" });
  });
});

const markdown = (words: string) => ({ type: "section", text: { type: "mrkdwn", text: words } });
const link = (words: string, address: string) => ({
  type: "button",
  text: { type: "plain_text", text: words },
  url: address,
});
