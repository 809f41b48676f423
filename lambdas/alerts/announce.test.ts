import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAlerts } from "../../core/io/alerts.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedSecrets, writeSecret } from "../../core/io/embedded/secrets.ts";
import type { AlertEvent } from "../../core/model/alerts/alert-event.ts";
import { mortal } from "../../test/standins/mortal.ts";
import { startSlack, type SlackStandIn } from "../../test/standins/slack.ts";
import { announce } from "./announce.ts";

const MINUTE = 60_000;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let slack: SlackStandIn;
let time: number;
let holders = 0;

const clock = {
  now: () => time,
  sleep: async (ms: number) => void (time += ms),
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-alerts-"));
  ledger = embeddedLedger(folder);
  await useSlack();
  time = Date.parse("2026-01-15T08:00:00Z");
});
afterEach(async () => {
  await slack.close();
  ledger.close();
  rmSync(folder, { recursive: true });
});

async function useSlack(knowsIds = true): Promise<void> {
  await slack?.close();
  slack = await startSlack({ knowsIds, channels: ["#alerts-qa"] });
  await writeSecret(folder, "slack/bot", { token: "xoxb-test", channel: "#alerts", baseUrl: slack.url });
}

const io = () => ({ ledger, secrets: embeddedSecrets(folder, {}) });
const tell = (event: AlertEvent, ports = io()) =>
  announce(event, { io: ports, environment: "qa", holder: `holder-${(holders += 1)}`, clock });
/** Many at once share the wall clock: one that waits must not age the claims of the others. */
const tellTogether = (events: readonly AlertEvent[]) =>
  Promise.all(
    events.map((event) => announce(event, { io: io(), environment: "qa", holder: `holder-${(holders += 1)}` })),
  );

const at = () => new Date(time).toISOString();
const common = (id: string, pipeline = "openedx") => ({ id, at: at(), environment: "qa" as const, pipeline });

const failedRun = (
  id: string,
  { partition = "p1", errorName = "export_refused", attempt = 1, run = `run-${id}`, pipeline = "openedx" } = {},
): AlertEvent => ({
  ...common(id, pipeline),
  kind: "run-failed",
  run: { id: run, attempt, links: {} },
  item: { asset: "a", partition },
  steps: [{ name: "ExportCourse", class: "Rejected", errorName, text: "HTTP 400" }],
  class: "Rejected",
  errorName,
  next: { do: "nothing", hint: "the request itself is refused" },
});
const succeededRun = (id: string, partition = "p1"): AlertEvent => ({
  ...common(id),
  kind: "run-succeeded",
  run: { id: `run-${id}`, attempt: 1, links: {} },
  item: { asset: "a", partition },
});
const shown = (index: number) => JSON.stringify(slack.accepted[index]);

describe("one message per fingerprint and half an hour", () => {
  it("counts repeats and carries their number", async () => {
    expect(await tell(failedRun("1"))).toEqual({ outcome: "sent", reason: null });
    for (const id of ["2", "3", "4"])
      expect(await tell(failedRun(id, { partition: id }))).toMatchObject({ outcome: "counted" });
    time += 30 * MINUTE - 1;
    expect(await tell(failedRun("5"))).toMatchObject({ outcome: "counted" });
    time += 1;
    expect(await tell(failedRun("6"))).toMatchObject({ outcome: "sent" });
    expect(slack.accepted).toHaveLength(2);
    expect(shown(0)).not.toContain("further failures");
    expect(shown(1)).toContain("*4 further failures*");
    expect(slack.accepted[0]).toMatchObject({ channel: "#alerts-qa", text: expect.stringContaining("QA Run Failure") });
  });

  it("tells two causes in one step apart, and one cause in all partitions not", async () => {
    await tell(failedRun("1"));
    await tell(failedRun("2", { errorName: "token_expired" }));
    await tell(failedRun("3", { partition: "p2" }));
    expect(slack.accepted).toHaveLength(2);
  });

  it("is held by many senders at once", async () => {
    const events = Array.from({ length: 20 }, (_, index) => failedRun(`${index}`, { partition: `${index}` }));
    const told = await tellTogether(events);
    expect(slack.accepted).toHaveLength(1);
    expect(told.filter(({ outcome }) => outcome === "sent").length).toBeGreaterThan(0);
    time = Date.now() + 31 * MINUTE;
    await tell(failedRun("last"));
    // One was told, one is this: none of the others is lost or counted twice.
    const counts = [0, 1].map((index) => Number(/\*(\d+) further/.exec(shown(index))?.[1] ?? 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(19);
  });

  it("announces a run once, whichever of its attempts comes first", async () => {
    await tell(failedRun("2", { run: "r", attempt: 2, errorName: "one" }));
    const late = await tell(failedRun("1", { run: "r", attempt: 1, errorName: "other" }));
    expect(late).toEqual({ outcome: "not-sent", reason: "another attempt of this run was announced" });
    expect(slack.accepted).toHaveLength(1);
  });

  it("never tells one event twice, however often and whenever it is delivered", async () => {
    const event = failedRun("1");
    await tellTogether([event, event, event]);
    time = Date.now() + 45 * MINUTE;
    await tell(event);
    expect(slack.accepted).toHaveLength(1);
  });

  it("opens the window only when Slack has accepted, and keeps the count", async () => {
    slack.answerNext({ status: 503 }, { status: 429, headers: { "retry-after": "7" } }, { error: "internal_error" });
    await expect(tell(failedRun("1"))).rejects.toMatchObject({ name: "Transient" });
    await expect(tell(failedRun("2"))).rejects.toMatchObject({ name: "Throttled", info: { retryAfterSeconds: 7 } });
    await expect(tell(failedRun("1"))).rejects.toMatchObject({ name: "Transient", code: "internal_error" });
    expect((await openAlerts(ledger).page()).records.map(({ status, lastError }) => ({ status, lastError }))).toEqual([
      { status: "waiting", lastError: expect.stringContaining("HTTP 429") },
      { status: "waiting", lastError: expect.stringContaining("internal_error") },
    ]);
    expect(await tell(failedRun("3"))).toMatchObject({ outcome: "sent" });
    expect(shown(0)).toContain("*2 further failures*");
    // The machine's own retries find that they have been spoken for.
    expect(await tell(failedRun("1"))).toMatchObject({ outcome: "sent", reason: "another message speaks for it" });
    expect(slack.accepted).toHaveLength(1);
  });

  it("sends again, under the same id, what Slack took without being heard", async () => {
    slack.answerNext({ accept: true, status: 0 });
    await expect(tell(failedRun("1"))).rejects.toMatchObject({ name: "Transient" });
    expect(await tell(failedRun("1"))).toMatchObject({ outcome: "sent" });
    expect(slack.calls).toHaveLength(2);
    expect(slack.accepted).toHaveLength(1);
  });

  it("tells of a closed lane, and in its thread that it is open again", async () => {
    const lane = {
      lane: "edxorg-api",
      class: "Misconfigured",
      errorName: "secret_missing",
      hint: "add it",
      waiting: 40,
    };
    await tell({ ...common("1"), kind: "lane-closed", ...lane, links: {} });
    time += MINUTE;
    expect(await tell({ ...common("2"), kind: "lane-opened", lane: lane.lane })).toMatchObject({ outcome: "resolved" });
    expect(shown(0)).toContain("lane closed: add it");
    expect(slack.accepted[1]).toMatchObject({ thread_ts: slack.accepted[0]?.ts });
  });

  it("keeps alerts without a secret, and tells of them once there is one", async () => {
    await writeSecret(folder, "slack/bot", { token: "xoxb-test" });
    const quiet = { io: io(), holder: "h", clock };
    expect(await announce(failedRun("0"), { ...quiet, environment: "dev" })).toEqual({
      outcome: "not-sent",
      reason: "no Slack channel for dev",
    });
    const none = { ledger, secrets: embeddedSecrets(join(folder, "elsewhere"), {}) };
    expect(await tell(failedRun("1"), none)).toEqual({ outcome: "not-sent", reason: "no Slack secret" });
    await useSlack();
    expect(await tell(failedRun("2"))).toMatchObject({ outcome: "sent" });
    expect(shown(0)).toContain("*2 further failures*");
  });

  it("groups a storm of different failures into one message", async () => {
    for (let index = 0; index < 30; index += 1) {
      time += 1_000;
      await tell(failedRun(`${index}`, { errorName: `e${index}`, pipeline: index % 3 === 0 ? "canvas" : "openedx" }));
    }
    expect(slack.accepted).toHaveLength(21);
    expect(shown(20)).toContain("21 different failures* within 5 minutes");
    expect(shown(20)).toContain("openedx: 14\\ncanvas: 7");
    time += 6 * MINUTE;
    await tell(failedRun("calm", { errorName: "new" }));
    expect(slack.accepted).toHaveLength(22);
    time += 30 * MINUTE;
    await tell(failedRun("again", { errorName: "e25" }));
    // What the storm swallowed is in the count of its own fingerprint.
    expect(shown(22)).toContain("*1 further failures*");
  });
});

describe("the end of a failure", () => {
  it("is told once, in the thread, when all partitions have succeeded", async () => {
    await tell(failedRun("1", { partition: "p1" }));
    await tell(failedRun("2", { partition: "p2" }));
    time += MINUTE;
    expect(await tell(succeededRun("3", "p1"))).toEqual({ outcome: "nothing", reason: null });
    expect(await tell(succeededRun("4", "p9"))).toEqual({ outcome: "nothing", reason: null });
    expect(slack.accepted).toHaveLength(1);
    const last = succeededRun("5", "p2");
    expect(await tell(last)).toMatchObject({ outcome: "resolved" });
    await tell(last);
    expect(slack.accepted).toHaveLength(2);
    expect(slack.accepted[1]).toMatchObject({
      thread_ts: slack.accepted[0]?.ts,
      text: expect.stringContaining("resolved"),
    });
  });

  it("is not put off by a failure that is older than the success and comes late", async () => {
    const late = failedRun("1");
    time += MINUTE;
    await tell(succeededRun("2"));
    await tell(late);
    expect(slack.accepted.map(({ text }) => text.split(":")[0])).toEqual(["Millrace QA Run Failure", "resolved"]);
  });

  it("is told quietly and once when a retry has cleared what was never announced", async () => {
    const { run, item } = { run: { id: "r", attempt: 3, links: {} }, item: { asset: "a", partition: "p1" } };
    const recovered = (id: string): AlertEvent => ({
      ...common(id),
      kind: "run-recovered",
      run,
      item,
      step: "ExportCourse",
      class: "Transient",
      errorName: "reset",
    });
    expect(await tell(recovered("1"))).toMatchObject({ outcome: "sent" });
    expect(await tell(recovered("2"))).toMatchObject({ outcome: "counted" });
    expect(shown(0)).toContain("recovered: openedx ExportCourse");
    expect(shown(0)).not.toContain("header");
  });
});

describe("a sender that is killed at any of its calls", () => {
  const checks = Array.from({ length: 110 }, (_, index) => ({
    asset: "a",
    check: `c${index}.`,
    description: "",
    metadata: [],
  }));
  const FLOWS: readonly [string, (step: string) => AlertEvent, number][] = [
    ["a failed run", (step) => failedRun(step, { errorName: step }), 1],
    ["more checks than two messages hold", (step) => ({ ...common(step, step), kind: "checks-failed", checks }), 3],
    ["a success that ends a failure", (step) => succeededRun(step, step), 1],
  ];

  it.each(FLOWS)("%s: told once where Slack knows ids, else at most once more a death", async (_, make, messages) => {
    let deaths = 0;
    for (const knowsIds of [true, false]) {
      await useSlack(knowsIds);
      for (let step = 0; ; step += 1) {
        time += 60 * MINUTE;
        const name = `${String(knowsIds)}-${step}`;
        const event = make(name);
        if (event.kind === "run-succeeded") await tell(failedRun(`0-${name}`, { errorName: name, partition: name }));
        const before = slack.accepted.length;
        const lives = mortal(step >> 1, step % 2 === 1);
        const ports = { ledger: lives.wrap(ledger), secrets: lives.wrap(embeddedSecrets(folder, {})) };
        if ((await lives.live(() => tell(event, ports))) !== "killed") break;
        deaths += 1;
        await tell(event);
        await tell(event);
        const sent = slack.accepted.slice(before).map(({ blocks }) => JSON.stringify(blocks));
        const different = new Set(sent);
        expect(different.size, `step ${step}`).toBe(messages);
        expect(sent.length, `step ${step}`).toBeLessThanOrEqual(knowsIds ? messages : messages + 1);
        if (event.kind !== "checks-failed") continue;
        const told = [...different].join("").match(/-- c\d+\./g) ?? [];
        expect(told).toEqual(checks.map(({ check }) => `-- ${check}`));
      }
    }
    expect(deaths).toBeGreaterThan(20);
  });
});
