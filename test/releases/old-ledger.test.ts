import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withLease } from "../../core/io/lease.ts";
import type { Ledger, LedgerItem } from "../../core/io/ports.ts";
import { readRecords } from "../../core/io/quarantine.ts";
import type { AssetMaterialized, DomainEvent } from "../../core/model/events.ts";
import { begin, claim } from "../../core/model/staleness.ts";
import { stepsOf, viewRun } from "../../embedded/control/run-view.ts";
import { findCommit } from "../../lambdas/lake/commit-record.ts";
import { changeBuilder } from "../../lambdas/lakehouse/builder-item.ts";
import { recordBuild } from "../../lambdas/lakehouse/record-build.ts";
import { findSeen, isNews, staleInputs } from "../../lambdas/lakehouse/stale-inputs.ts";
import { deliver } from "../../lambdas/learn-webhook/deliver.ts";
import { CONTENT_FILES_ROUTE } from "../../lambdas/learn-webhook/delivery-key.ts";
import { newestDelivery, readDelivery } from "../../lambdas/learn-webhook/delivery.ts";
import { deploymentHome } from "../../lambdas/openedx/deployment-home.ts";
import { knownVersion, progressOf } from "../../lambdas/course-archive/course-versions.ts";
import { deployments } from "../../lambdas/openedx/sources/deployments.ts";
import { trackingLogSources } from "../../lambdas/openedx/sources/tracking-logs.ts";
import { findRecord, holderOfText, isFinished } from "../../lambdas/openedx/tracking-log/file-record.ts";
import type { Home, Opened } from "../contract/opened.ts";
import { NEWER_ITEMS, OLD_ITEMS, dynamoLedgerWith, sqliteLedgerWith } from "./old-ledger.ts";

const COURSE = "course-v1:MillraceX+WM101+2026_Spring";
const LOG = "s3://millrace-dev-ol-landing/sources/tracking-mitxonline/logs/2026-01-15/tracking.log-2026-01-15.gz";
const LOGS_TABLE = "raw.raw__mitxonline__openedx__tracking_logs";
const RUN = "millrace-dev-openedx-tracking-log-mitxonline-3bfe9d744dd0ff3f824db8e4";
const FAILED_RUN = "millrace-dev-openedx-course-archive-mitxonline-60544ece96673f212f403abf";

const deployment = deployments.find(({ id }) => id === "mitxonline") ?? missing("deployment mitxonline");
const source = trackingLogSources.find(({ id }) => id === "mitxonline") ?? missing("source mitxonline");

/** The old data of one item. */
const old = (pk: string, sk: string): Readonly<Record<string, unknown>> =>
  (OLD_ITEMS.find((item) => item.pk === pk && item.sk.startsWith(sk))?.data ?? missing(`${pk} ${sk}`)) as never;
/** After every claim and lease of the sample has run out. */
const LATER = Date.parse("2026-11-22T00:00:00Z");
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));

/** A catalogue whose tables all have one snapshot. */
const lakeAt = (snapshotId: unknown) => ({
  attachSql: [],
  extensions: [],
  dataRoots: [],
  currentSnapshot: async () => ({
    snapshotId: String(snapshotId),
    committedAt: new Date(0),
    summary: {},
    history: [String(snapshotId)],
  }),
});

for (const homeWith of [sqliteLedgerWith, dynamoLedgerWith]) {
  reads("a ledger of release 0.1", OLD_ITEMS, homeWith(OLD_ITEMS));
  reads("a ledger with fields of a later release", NEWER_ITEMS, homeWith(NEWER_ITEMS));
}

/** Every reader of the product. Reads come first; what writes comes last. */
function reads(what: string, items: readonly LedgerItem[], home: Home<Opened<Ledger>>): void {
  describe(`${what}, in ${home.name}`, () => {
    let opened: Opened<Ledger>;
    let ledger: Ledger;
    beforeAll(async () => {
      opened = await home.open();
      ledger = opened.port;
    });
    afterAll(() => opened.close());

    it("has every item, with its revision", async () => {
      for (const item of items) expect(await ledger.get(item.pk, item.sk)).toEqual(item);
      const runs = await ledger.query("run");
      expect(runs.items).toEqual(items.filter(({ pk }) => pk === "run"));
    });

    it("shows runs and their steps", async () => {
      const run = { arn: "a", machineArn: "m", status: "SUCCEEDED" as const, startedAt: "2026-11-21", input: {} };
      const execution = { ...run, redriveCount: 0 };
      expect(await viewRun(ledger, { ...execution, name: RUN }, () => "unknown")).toMatchObject({
        domain: "openedx",
        job: "tracking_log",
        trigger: "tracking_log_mitxonline",
        partition: "2026-01-15",
      });
      const states = (await stepsOf(ledger, RUN)).map(({ state, data }) => [state, data.status]);
      expect(states).toEqual(
        ["InspectLog", "NormaliseLog", "CommitRows", "Announce"].map((state) => [state, "succeeded"]),
      );
      expect((await stepsOf(ledger, FAILED_RUN))[0]).toMatchObject({
        state: "ExtractCourse",
        data: { status: "failed" },
      });
    });

    it("knows a tracking log, its text and that it is done", async () => {
      const stored = await findRecord(ledger, source, LOG);
      if (stored === undefined) throw new Error("The record of the log was not found.");
      expect(stored).toMatchObject({
        rev: 1,
        record: { logDate: "2026-01-15", counts: { rows: 300, quarantined: 2 } },
      });
      const { planId, textSha256 } = stored.record;
      expect(await holderOfText(ledger, source, textSha256, "another file")).toMatchObject({ holder: LOG });
      const { snapshotId } = old("commit", planId);
      expect(await findCommit(ledger, { plan: planId, index: 0, table: LOGS_TABLE })).toMatchObject({
        snapshotId,
        rows: 300,
      });
      expect(await isFinished({ ledger, lake: lakeAt(snapshotId) }, source, stored.record)).toBe(true);
      expect(await isFinished({ ledger, lake: lakeAt("another") }, source, stored.record)).toBe(false);
    });

    it("knows a course, its commits, its materialisation and its delivery", async () => {
      const known = await knownVersion(ledger, deployment.id, COURSE);
      if (known === undefined) throw new Error("The version of the course was not found.");
      expect(await progressOf(ledger, deploymentHome(deployment, COURSE), COURSE, known.version)).toBe("announced");
    });

    it("lists what is in quarantine", async () => {
      const found: unknown[] = [];
      for await (const { count, reasons } of readRecords({ ledger })) found.push([count, reasons]);
      expect(found).toEqual([
        [1, { not_an_archive: 1 }],
        [2, { invalid_json: 2 }],
      ]);
    });

    it("sends no webhook again that was delivered", async () => {
      const { key } = (await newestDelivery(ledger, deployment.id, COURSE)) ?? missing("newest delivery");
      expect(await readDelivery(ledger, key)).toMatchObject({ state: "delivered", attempts: 1 });
      const contentDigest = String(old("course#mitxonline", COURSE)["contentDigest"]);
      // Nothing listens there: a call would fail.
      const target = { base: new URL("http://127.0.0.1:1"), token: "t" };
      const request = { route: CONTENT_FILES_ROUTE, source: deployment.id, subject: COURSE, contentDigest };
      const sent = await deliver(ledger, target, {
        ...request,
        body: Buffer.from("{}"),
        askedAt: "2030-01-01T00:00:00.000Z",
        holder: "new",
      });
      expect(sent).toEqual({ outcome: "already_delivered", deliveryKey: key, attempts: 1 });
    });

    it("announces no version again that it has seen", async () => {
      const { asset, partition, dataVersion, codeVersion } = old(`materialisation#${source.asset}`, "");
      const event = { asset, partition, dataVersion, codeVersion, tables: [LOGS_TABLE] } as AssetMaterialized;
      const seen = await findSeen(ledger, event);
      expect([isNews(seen, event), isNews(seen, { ...event, dataVersion: "another" })]).toEqual([false, true]);
    });

    it("takes over the build of a dead builder, with what was marked", async () => {
      const begun = await changeBuilder(ledger, (state) => {
        const claimed = claim(state, "new-run", LATER);
        const by = { run: "new-run", token: "t", project: state.project ?? "" };
        return { state: claimed.state, result: begin(claimed.state, by, LATER) };
      });
      expect(begun).toMatchObject({ since: 2, goal: 3, everything: false });
      expect(await staleInputs(ledger, begun?.since ?? 0)).toEqual([LOGS_TABLE]);
    });

    it("takes leases, released or of a dead holder, with a higher fence", async () => {
      const clock = { now: () => LATER, sleep: (_: number, signal: AbortSignal) => aborted(signal) };
      const options = { holder: "new", ttlSeconds: 60, waitSeconds: 0, clock };
      for (const item of OLD_ITEMS.filter(({ pk }) => pk === "lease")) {
        const before = (await ledger.get(item.pk, item.sk))?.data as { fence: number };
        const fence = await withLease(ledger, item.sk, options, async (lease) => lease.fence);
        expect(fence).toBe(before.fence + 1);
      }
    });

    it("announces a model only when its snapshot has moved", async () => {
      const model = old("dbt", "model#");
      const published: DomainEvent[] = [];
      const build = async (snapshotId: unknown): Promise<void> =>
        recordBuild(
          {
            ledger,
            lake: lakeAt(snapshotId),
            bus: { publish: async (events) => void published.push(...events) },
            objects: { put: async () => ({}) } as never,
          },
          {
            runId: "new-run",
            project: String(model["project"]),
            results: { metadata: {}, results: [] },
            nodes: [
              {
                id: `model.millrace.${String(model["model"])}`,
                name: String(model["model"]),
                kind: "model",
                outcome: "succeeded",
                status: "success",
                seconds: 1,
                rows: 8,
                message: "",
                relation: String(model["relation"]),
              } as never,
            ],
            artifacts: "artifacts",
          },
        );
      await build(model["snapshotId"]);
      expect(published).toEqual([]);
      await build("another");
      expect(published).toHaveLength(1);
    });
  });
}

function missing(what: string): never {
  throw new Error(`${what} is not there.`);
}
