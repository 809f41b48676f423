import { expect, it } from "vitest";
import { landingPartition, landingsIn } from "../../core/model/landings/landing.ts";
import { partitionProblem } from "../../core/model/items/partition-key.ts";
import { domains } from "../../state-machines/index.ts";

const landings = landingsIn(domains.map(({ pipeline }) => pipeline));
const LOGS = { prefix: "sources/tracking-mitx/", extension: ".log.gz" };

it.each(["Landed", "Reconcile"])("%s may look at whatever lands under a prefix that something watches", (task) => {
  const reads = domains.flatMap(({ pipeline }) => pipeline.tasks[task]?.reads ?? []);
  const unread = landings.filter(
    ({ prefix }) => !reads.some((read) => read.bucket === "landing" && prefix.startsWith(read.prefix)),
  );
  expect(landings.length).toBeGreaterThan(3);
  expect(unread).toEqual([]);
});

it("no object is below two watched prefixes, so it has one run", () => {
  const pairs = landings.flatMap((one) =>
    landings.filter((other) => other !== one && other.prefix.startsWith(one.prefix)),
  );
  expect(pairs).toEqual([]);
});

it.each([
  ["logs/2026-01-15/shard.log.gz", "logs/2026-01-15/shard"],
  ["logs/2026-01-15/shard.log", "logs/2026-01-15/shard.log"],
  ["logs/2026-01-15/tracking.log-2026-01-15.gz", "logs/2026-01-15/tracking.log-2026-01-15.gz"],
  ["course-v1:MITx+6.00.1x+2T2026.tar.gz", "course-v1:MITx+6.00.1x+2T2026.tar.gz"],
  ["(odd) é ü 漢字.log.gz", "(odd) é ü 漢字"],
])("%s is of the partition %s", (rest, partition) => {
  expect(landingPartition(LOGS, `${LOGS.prefix}${rest}`)).toBe(partition);
});

it.each(["", ".log.gz", "a//b.log.gz", "a/../b.log.gz", "bell\u0007.log.gz", "folder/"])(
  "a key that no partition may have, %j, has one of its own all the same",
  (rest) => {
    const partition = landingPartition(LOGS, `${LOGS.prefix}${rest}`);
    expect(partition).toMatch(/^unnamed-[0-9a-f]{16}$/);
    expect(partitionProblem(partition)).toBeUndefined();
    expect(landingPartition(LOGS, `${LOGS.prefix}${rest}x`)).not.toBe(partition);
  },
);
