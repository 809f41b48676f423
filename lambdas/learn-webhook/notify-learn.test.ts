import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { embeddedSecrets, writeSecret } from "../../core/io/embedded/secrets.ts";
import type { TaskContext } from "../../core/task.ts";
import { startLearnReceiver, type LearnReceiver } from "../../test/standins/learn-receiver.ts";
import { readDelivery } from "./delivery.ts";
import { deliveryKey } from "./delivery-key.ts";
import { notifyLearn } from "./notify-learn.ts";
import { inPace } from "./pace.ts";
import { pauseOf, recordAnswer } from "./receiver-pause.ts";
import { resendContent } from "./resend-content.ts";
import { tellDeletion } from "./tell-deletion.ts";

const token = "shared-secret";
const courseId = "course-v1:MITx+6.00x+1T2024";
const path = (version: string) => `mitxonline/openedx/raw_data/course_xml/${courseId}/${version}.xml.tar.gz`;
const key = (version: string) =>
  deliveryKey({
    route: "/api/v1/webhooks/content_files/",
    source: "mitxonline",
    subject: courseId,
    contentDigest: version,
  });

let receiver: LearnReceiver;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;

beforeAll(async () => {
  receiver = await startLearnReceiver(token);
});
afterAll(() => receiver.close());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-notify-"));
  ledger = embeddedLedger(folder);
  objects = embeddedObjects(folder);
  await writeSecret(folder, "learn/webhook", { url: receiver.url, token });
  for (const version of ["v1", "v2"]) await objects.put("m-landing", path(version), version);
  return () => {
    ledger.close();
    objects.close();
    rmSync(folder, { recursive: true });
  };
});

const notify = (
  version: string,
  {
    startedAt = "2026-01-15T00:00:00Z",
    deployment = "mitxonline",
    contentPath = path(version),
    file = courseId,
    courseId: id = courseId,
  } = {},
) => {
  const context = {
    io: { ledger, objects, secrets: embeddedSecrets(folder, {}) },
    settings: { environment: "dev", buckets: { landing: "m-landing" } },
    run: { id: `run-${version}`, state: "NotifyLearn", attempt: 0, startedAt },
  } as unknown as TaskContext;
  return notifyLearn(
    {
      deployment,
      courseId: id,
      contentPath,
      dataVersion: version,
      key: `sources/course-exports-${deployment}/${file}.xml.tar.gz`,
    },
    context,
  );
};

const redeliver = (run: string, { attempt = 0, file = courseId, deployment = "mitxonline" } = {}) => {
  const context = {
    io: { ledger, objects, secrets: embeddedSecrets(folder, {}) },
    settings: { environment: "dev", buckets: { landing: "m-landing" } },
    run: { id: run, state: "NotifyLearn", attempt, startedAt: "2026-01-16T00:00:00Z" },
  } as unknown as TaskContext;
  return notifyLearn({ mode: "redeliver", key: `sources/course-exports-${deployment}/${file}.tar.gz` }, context);
};

describe("content that came back", () => {
  const at = (hour: number) => ({ startedAt: `2026-01-15T0${hour}:00:00Z` });

  it("is told again, and once", async () => {
    for (const [hour, version] of ["v1", "v2", "v1"].entries()) {
      expect(await notify(version, at(hour))).toMatchObject({ outcome: "delivered" });
      expect(await notify(version, at(hour))).toMatchObject({ outcome: "already_delivered" });
    }
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({ state: "delivered", attempts: 2 });
  });

  it("is not taken for it when an old run tells of its version late", async () => {
    await notify("v1", at(0));
    await notify("v2", at(1));
    const before = receiver.received.length;
    expect(await notify("v1", at(0))).toMatchObject({ outcome: "already_delivered" });
    expect(receiver.received.length).toBe(before);
  });

  it("is told by the next attempt when the first was refused an answer", async () => {
    await notify("v1", at(0));
    await notify("v2", at(1));
    receiver.answerNext({ status: 503 });
    await expect(notify("v1", at(2))).rejects.toMatchObject({ name: "Transient" });
    expect(await notify("v1", at(2))).toMatchObject({ outcome: "delivered", attempts: 3 });
  });
});

describe("a course that is young", () => {
  const MINUTE = 60_000;
  const resend = (minutes: number, run = "resend-1") => {
    const context = {
      io: { ledger, secrets: embeddedSecrets(folder, {}) },
      settings: { environment: "dev" },
      run: { id: run, state: "ResendContent", attempt: 0 },
    } as unknown as TaskContext;
    return resendContent(context, () => Date.now() + minutes * MINUTE);
  };
  const sent = () => receiver.received.length;

  it("is told of once more after half an hour, once", async () => {
    await notify("v1");
    const before = sent();
    expect(await resend(29)).toEqual({ due: 0, resent: 0, dropped: 0 });
    expect(await resend(31)).toEqual({ due: 1, resent: 1, dropped: 0 });
    expect(receiver.received.slice(before).map(({ body, status }) => [body, status])).toEqual([
      [receiver.received[before - 1]?.body, 200],
    ]);
    expect(await resend(90)).toMatchObject({ due: 0 });
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({ state: "delivered", attempts: 2 });
  });

  it("is not told again of content that another has followed, nor after a day, nor at a person's own resend", async () => {
    await notify("v1", { startedAt: "2026-01-15T00:00:00Z" });
    await notify("v2", { startedAt: "2026-01-15T01:00:00Z" });
    const before = sent();
    expect(await resend(31)).toEqual({ due: 2, resent: 1, dropped: 1 });
    expect(receiver.received.at(-1)?.body).toContain("/v2.");
    await redeliver("again-1");
    expect(await resend(200)).toMatchObject({ due: 0 });
    await ledger.write([
      {
        put: {
          ...{ pk: "delivery-subject", sk: `mitxonline#${courseId}` },
          data: { key: key("v2"), askedAt: "2026-01-15T01:00:00Z", firstAt: "2026-01-01T00:00:00Z" },
        },
        if: { any: true },
      },
    ]);
    await notify("v1", { startedAt: "2026-01-15T02:00:00Z" });
    expect(await resend(31)).toMatchObject({ due: 0 });
    expect(sent()).toBe(before + 3);
  });

  it("waits for a receiver that gives no answer, and is given up after a day", async () => {
    await notify("v1");
    receiver.answerNext({ status: 503 });
    expect(await resend(31)).toEqual({ due: 1, resent: 0, dropped: 0 });
    expect(await resend(41, "resend-2")).toMatchObject({ resent: 1 });
    await notify("v2", { startedAt: "2026-01-16T00:00:00Z" });
    expect(await resend(25 * 60)).toEqual({ due: 1, resent: 0, dropped: 1 });
  });

  it("that is refused is on record and in the way of nobody", async () => {
    await notify("v1");
    receiver.answerNext({ status: 405 });
    await expect(resend(31)).rejects.toMatchObject({ name: "Rejected" });
    expect(await resend(41)).toMatchObject({ due: 0 });
  });
});

describe("a receiver that is down", () => {
  const course = (n: number) => `course-v1:MITx+${n}+1T2024`;
  const ask = (n: number) => notify("v1", { courseId: course(n), file: course(n) });
  const attempts = async (n: number) => {
    const identity = { route: "/api/v1/webhooks/content_files/", source: "mitxonline", contentDigest: "v1" };
    return (await readDelivery(ledger, deliveryKey({ ...identity, subject: course(n) })))?.attempts;
  };

  it("is left alone after five deliveries without an answer, but for a probe", async () => {
    receiver.answerNext(...Array.from({ length: 6 }, () => ({ status: 503 })));
    for (const n of [1, 1, 2, 3, 4, 5]) await expect(ask(n)).rejects.toMatchObject({ name: "Transient" });
    const before = receiver.received.length;
    for (const n of [1, 6]) {
      await expect(ask(n)).rejects.toMatchObject({
        ...{ name: "Throttled", code: "learn_paused" },
        info: { retryAfterSeconds: expect.closeTo(600, -1) },
      });
    }
    expect(receiver.received.length).toBe(before);
    expect([await attempts(1), await attempts(6)]).toEqual([2, 0]);
    await expect(pauseOf(ledger, `${receiver.url}/`, Date.now() + 601_000)).resolves.toBeUndefined();
    await expect(pauseOf(ledger, `${receiver.url}/`, Date.now() + 602_000)).resolves.toMatchObject({
      name: "Throttled",
    });
    await recordAnswer(ledger, `${receiver.url}/`, "probe", false);
    expect(await ask(6)).toMatchObject({ outcome: "delivered", attempts: 1 });
  });

  it("is up when it answers in between, were it with a refusal", async () => {
    receiver.answerNext(...[503, 503, 503, 503, 405, 503].map((status) => ({ status })));
    for (const n of [1, 2, 3, 4, 5, 6]) await expect(ask(n)).rejects.toThrow(/from POST/);
    expect(await ask(7)).toMatchObject({ outcome: "delivered" });
  });
});

it("calls at most ten times a second, whoever asks, and is held up by no clock that was ahead", async () => {
  const waits: number[] = [];
  let now = 1_000_000;
  const turn = () =>
    inPace(
      ledger,
      () => now,
      async (ms) => waits.push(ms),
    );
  await Promise.all([turn(), turn(), turn(), turn()]);
  expect(waits.toSorted((a, b) => a - b)).toEqual([100, 200, 300]);
  now += 400;
  await turn();
  expect(waits).toHaveLength(3);
  now -= 3_600_000;
  await turn();
  expect(waits.at(-1)).toBe(60_000);
});

describe("a course that is gone", () => {
  const gone = (goneSince: string, hour: number) =>
    tellDeletion(
      { ledger, secrets: embeddedSecrets(folder, {}) },
      "dev",
      { source: "mitxonline", courseId, goneSince },
      { id: "run", state: "DiscoverCourses", attempt: 0, startedAt: `2026-01-15T0${hour}:00:00Z` },
    );

  it("is told by a route of its own, once, and its content once more when it is back", async () => {
    await notify("v1", { startedAt: "2026-01-15T00:00:00Z" });
    expect(await gone("1", 1)).toMatchObject({ outcome: "delivered" });
    expect(await gone("1", 1)).toMatchObject({ outcome: "already_delivered" });
    const last = receiver.received.at(-1);
    expect([last?.path, last?.status]).toEqual(["/api/v1/webhooks/content_files/delete/", 200]);
    expect(last?.body).toBe(`{"source":"mitxonline","course_id":"${courseId}"}`);
    await expect(redeliver("again")).rejects.toMatchObject({ name: "Rejected", code: "course_deleted" });
    expect(await notify("v1", { startedAt: "2026-01-15T02:00:00Z" })).toMatchObject({ outcome: "delivered" });
    expect(await gone("2", 3)).toMatchObject({ outcome: "delivered" });
  });
});

describe("a redelivery", () => {
  it("sends the current version once more for each run that asks, and not again for its later attempts", async () => {
    await notify("v1");
    const before = receiver.received.length;
    expect(await redeliver("again-1")).toMatchObject({ outcome: "delivered", attempts: 2, deliveryKey: key("v1") });
    expect(await redeliver("again-1", { attempt: 1 })).toMatchObject({ outcome: "already_delivered" });
    expect(await redeliver("again-2")).toMatchObject({ outcome: "delivered", attempts: 3 });
    expect(await notify("v1")).toMatchObject({ outcome: "already_delivered" });
    expect(receiver.received.slice(before).map(({ status }) => status)).toEqual([200, 200]);
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({ state: "delivered", attempts: 3, again: "again-2" });
  });

  it("is one delivery attempt like any other: kept pending when it fails, blocked when it is refused", async () => {
    await notify("v1");
    receiver.answerNext({ status: 503 });
    await expect(redeliver("again-1")).rejects.toMatchObject({ name: "Transient" });
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({ state: "pending" });
    expect(await redeliver("again-1", { attempt: 1 })).toMatchObject({ outcome: "delivered", attempts: 3 });
    receiver.answerNext({ status: 405 });
    await expect(redeliver("again-2")).rejects.toMatchObject({ name: "Rejected" });
    const before = receiver.received.length;
    await expect(redeliver("again-2", { attempt: 1 })).rejects.toMatchObject({ code: "delivery_blocked" });
    expect(receiver.received.length).toBe(before);
    // A person releases what was refused.
    expect(await redeliver("again-3")).toMatchObject({ outcome: "delivered" });
  });

  it("finds the course of a file that is named otherwise", async () => {
    await notify("v2", { file: "export" });
    expect(await redeliver("again-1", { file: "export.xml" })).toMatchObject({
      outcome: "delivered",
      deliveryKey: key("v2"),
    });
  });

  it.each([
    [{ file: "course-v1:Never+Seen+1" }, "course_unknown"],
    [{ deployment: "mitx" }, "never_announced"],
    [{ deployment: "mars" }, "not_a_course_export"],
  ])("of %j is refused as %s", async (of, code) => {
    const before = receiver.received.length;
    await expect(redeliver("again-1", of)).rejects.toMatchObject({ name: "Rejected", code });
    expect(receiver.received.length).toBe(before);
  });
});

describe("NotifyLearn", () => {
  it("tells the receiver once per version and records what was sent", async () => {
    const before = receiver.received.length;
    expect(await notify("v1")).toMatchObject({ outcome: "delivered", attempts: 1, deliveryKey: key("v1") });
    expect(await notify("v1")).toMatchObject({ outcome: "already_delivered" });
    expect(receiver.received.slice(before).map(({ body, path: route, status }) => ({ body, route, status }))).toEqual([
      {
        body: `{"course_id":"${courseId}","course_readable_id":"${courseId}","content_path":"${path("v1")}","source":"mitxonline"}`,
        route: "/api/v1/webhooks/content_files/",
        status: 200,
      },
    ]);
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({
      state: "delivered",
      url: `${receiver.url}/api/v1/webhooks/content_files/`,
      version: "v1",
      attempts: 1,
      lastCode: "200",
      deliveredAt: expect.any(String),
    });
    expect(await notify("v2")).toMatchObject({ outcome: "delivered" });
  });

  it("derives the delivery's key from route, source, subject and content", () => {
    const text = `/api/v1/webhooks/content_files/mitxonline${courseId}v1`;
    expect(key("v1")).toBe(createHash("sha256").update(text).digest("hex"));
  });

  it("sends once when two ask at once", async () => {
    const before = receiver.received.length;
    receiver.answerNext({ status: 200, text: '{"status":"success"}', delayMs: 100 });
    const outcomes = await Promise.all([notify("v1"), notify("v1"), notify("v1")]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      "already_delivered",
      "already_delivered",
      "delivered",
    ]);
    expect(receiver.received.length).toBe(before + 1);
  });

  it("keeps a transient failure pending, counts attempts and delivers the repeat", async () => {
    receiver.answerNext({ status: 503, text: "down" });
    await expect(notify("v1")).rejects.toMatchObject({ name: "Transient" });
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({
      state: "pending",
      attempts: 1,
      lastCode: "503",
      reply: "down",
    });
    expect(await notify("v1")).toMatchObject({ outcome: "delivered", attempts: 2 });
  });

  it("blocks a refused delivery until the secret changes", async () => {
    await writeSecret(folder, "learn/webhook", { url: receiver.url, token: "old" });
    const before = receiver.received.length;
    await expect(notify("v1")).rejects.toMatchObject({ name: "Rejected", code: "learn_refused" });
    await expect(notify("v1")).rejects.toMatchObject({ name: "Rejected", code: "delivery_blocked" });
    expect(receiver.received.length).toBe(before + 1);
    await writeSecret(folder, "learn/webhook", { url: receiver.url, token });
    expect(await notify("v1")).toMatchObject({ outcome: "delivered", attempts: 2 });
    expect(JSON.stringify(await ledger.query("delivery"))).not.toContain(token);
  });

  it("lets a newer version supersede an undelivered older one", async () => {
    receiver.answerNext({ status: 500 });
    await expect(notify("v1", { startedAt: "2026-01-15T00:00:00Z" })).rejects.toMatchObject({ name: "Transient" });
    expect(await notify("v2", { startedAt: "2026-01-15T00:00:01Z" })).toMatchObject({ outcome: "delivered" });
    expect(await readDelivery(ledger, key("v1"))).toMatchObject({ state: "superseded" });
    const before = receiver.received.length;
    expect(await notify("v1", { startedAt: "2026-01-15T00:00:00Z" })).toMatchObject({ outcome: "superseded" });
    expect(receiver.received.length).toBe(before);
  });

  it("sends nothing for the residential deployment, even without a secret", async () => {
    await writeSecret(folder, "learn/webhook", {});
    expect(await notify("v1", { deployment: "mitx" })).toMatchObject({ outcome: "skipped" });
    await expect(notify("v1", { deployment: "mars" })).rejects.toMatchObject({ code: "unknown_deployment" });
  });

  it("records nothing when the secret is incomplete or the archive is gone", async () => {
    const before = receiver.received.length;
    await expect(notify("v3")).rejects.toMatchObject({ name: "Rejected", code: "upstream_object_missing" });
    await expect(notify("v1", { contentPath: `/${path("v1")}` })).rejects.toMatchObject({
      code: "upstream_object_missing",
    });
    await writeSecret(folder, "learn/webhook", { url: receiver.url });
    await expect(notify("v1")).rejects.toMatchObject({ name: "Misconfigured", code: "secret_field_missing" });
    expect(receiver.received.length).toBe(before);
    expect((await ledger.query("delivery")).items).toEqual([]);
  });
});
