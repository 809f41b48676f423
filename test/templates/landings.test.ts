import { expect, it } from "vitest";
import * as z from "zod";
import { landingPartition, landingsIn, type Landing } from "../../core/model/landings/landing.ts";
import { starterName } from "../../core/model/landings/starter-name.ts";
import { aslRun } from "../../embedded/engine/asl-run.ts";
import { STARTER_DEFINITION } from "../../lib/constructs/starter.ts";
import { domains } from "../../state-machines/index.ts";

const Started = z.object({ Name: z.string(), Input: z.looseObject({ item: z.object({ partition: z.string() }) }) });
const Scheduled = z.looseObject({ taskScheduledEventDetails: z.object({ parameters: z.string() }) });

/** What the starter's text makes of an object. */
async function started({ domain, job, trigger, prefix, asset }: Landing, key: string) {
  const object = { key, size: 7, etag: "e1", "version-id": "v1" };
  const event = { id: "4f3a", time: "2026-01-15T10:00:00Z", detail: { bucket: { name: "landing" }, object } };
  const { history } = await aslRun({
    definition: STARTER_DEFINITION,
    input: { domain, job, trigger, prefix, asset, event },
    mocks: { Start: [{ result: {} }], Keep: [{ result: {} }] },
  });
  const [first] = history.flatMap((entry) => Scheduled.safeParse(entry).data ?? []);
  return Started.parse(JSON.parse(first?.taskScheduledEventDetails.parameters ?? "{}"));
}

const REST = [
  "course-v1:MITx+6.00.1x+2T2026.tar.gz",
  "course-v1:MITx+6.00.1x+2T2026.xml.tar.gz",
  "logs/2026-01-15/shard.log.gz",
  "logs/2026-01-15/tracking.log-2026-01-15.gz",
  "logs/2026-01-15/SHARD.LOG.GZ",
  "sources/tracking-mitx/again.json",
  "no extension at all, and (odd) characters é ü 漢字.csv",
  "a.b.toolong.gz",
  ".gz",
  "org/course/run.7z",
  `${"very-long-".repeat(12)}end.log.gz`,
];

it("the reconciliation may list every prefix that something watches", () => {
  const reads = domains.flatMap(({ pipeline }) => pipeline.tasks["Reconcile"]?.reads ?? []);
  const unread = landingsIn(domains.map(({ pipeline }) => pipeline)).filter(
    ({ prefix }) => !reads.some((read) => read.bucket === "landing" && prefix.startsWith(read.prefix)),
  );
  expect(unread).toEqual([]);
});

it.each(REST)("the starter and the reconciliation call %s the same", async (rest) => {
  for (const landing of landingsIn(domains.map(({ pipeline }) => pipeline)).slice(0, 2)) {
    const key = `${landing.prefix}${rest}`;
    const { Name, Input } = await started(landing, key);
    expect(landingPartition(landing.prefix, key)).toBe(Input.item.partition);
    expect(starterName(landing, { bucket: "landing", key, versionId: "v1" })).toBe(Name);
  }
});
