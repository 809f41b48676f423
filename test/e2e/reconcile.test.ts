import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { openObjectIndex } from "../../core/io/embedded/object-index.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { e2eHome } from "./home.ts";

/** An object whose event nobody ever gets, against one engine with the real assembly. */
const ASSET = "mitxonline/openedx/raw_data/tracking_logs";
const KEY = "sources/tracking-mitxonline/logs/2026-01-15/tracking.log-2026-01-15.gz";

const { stateDir, json, settled, remove } = e2eHome("reconcile");
afterAll(remove);

/** Puts an object that is two hours old, and takes its event away before an engine can see it. */
async function loseEvent(): Promise<void> {
  const context = { user_id: 1, course_id: "course-v1:A+B+C", org_id: "A", path: "/" };
  const event = { username: "u", event_type: "/x", event_source: "server", name: "/x", event: "{}", context };
  const line = JSON.stringify({ ...event, time: "2026-01-15T10:00:00.000000+00:00" });
  const objects = embeddedObjects(stateDir);
  await objects.put("millrace-dev-ol-landing", KEY, gzipSync(`${line}\n`));
  objects.close();
  const index = openObjectIndex(stateDir);
  index.prepare("UPDATE versions SET last_modified = ?").run(Date.now() - 2 * 3_600_000);
  index.exec("DELETE FROM outbox");
  index.close();
}

test("an object whose event was lost is found, run and then on record", async () => {
  await json("up", "--detach");
  await json("down");
  await loseEvent();
  const first = await json("reconcile");
  // The engine's own clock may have come first.
  expect(first).toMatchObject({ listed: 1, skipped: 0, failed: 0, finished: true });
  expect(first.known + first.requested).toBe(1);
  const partition = "logs/2026-01-15/tracking.log-2026-01-15.gz";
  await settled(ASSET, [[partition, "materialised"]]);
  const runs = (await json("runs")).filter(({ job }: { job: string }) => job === "tracking_log");
  expect(runs).toMatchObject([{ domain: "openedx", status: "succeeded" }]);
  expect((await json("run", "show", runs[0].id)).input).toMatchObject({ key: KEY, item: { asset: ASSET, partition } });
  expect(await json("reconcile")).toMatchObject({ listed: 1, known: 1, requested: 0, finished: true });
  expect((await json("runs")).filter(({ job }: { job: string }) => job === "tracking_log")).toHaveLength(1);
}, 300_000);
