import { createHash } from "node:crypto";
import { byShard } from "../../../core/io/by-shard.ts";
import type { Coordination } from "../../../core/io/coordination.ts";
import type { Items } from "../../../core/io/items.ts";
import { CATEGORIES } from "../archive/member-name.ts";
import {
  COURSE_STRUCTURE,
  COURSE_XML,
  COURSES_LANE,
  RAW_COURSE_STRUCTURE,
  RAW_COURSE_XML,
} from "../sources/course-sources.ts";
import type { ArchiveMembers } from "./archive-members.ts";

/** The asset of a category: the tables of a course are one partition of it. */
const rawAsset = (category: string): string => `edxorg/raw_data/${category}`;

interface Partition {
  readonly partition: string;
  /** Digest of what the archive holds of it. */
  readonly version: string;
}

/** By asset. A partition may have several members, in any order. */
async function partitionsOf({ members }: ArchiveMembers): Promise<ReadonlyMap<string, readonly Partition[]>> {
  const found = new Map<string, Map<string, string[]>>(CATEGORIES.map((name) => [rawAsset(name), new Map()]));
  for await (const { category, asset, partition, label = "", record } of members()) {
    const own = found.get(rawAsset(category));
    const contents = own?.get(partition) ?? [];
    contents.push(`${asset} ${label} ${record.sha256}`);
    own?.set(partition, contents);
  }
  return new Map(
    [...found].map(([asset, own]) => [
      asset,
      [...own].map(([partition, contents]) => ({ partition, version: digest(contents) })),
    ]),
  );
}

const digest = (contents: readonly string[]): string =>
  createHash("sha256").update(contents.toSorted().join("\n")).digest("hex");

/** Adds what is new in batches, and has each partition know its content; gives how many were added, by asset. */
export async function recordPartitions(
  items: Items,
  members: ArchiveMembers,
  runId: string,
  now: () => number,
): Promise<Readonly<Record<string, number>>> {
  const added: Record<string, number> = {};
  for (const [asset, partitions] of await partitionsOf(members)) {
    added[asset] = (
      await items.addAll(
        asset,
        partitions.map(({ partition }) => partition),
        now(),
      )
    ).added;
    await byShard(partitions, async ({ partition, version }) => {
      const key = { asset, partition };
      const known = await items.read(key);
      if (known?.dataVersion === version && known.last?.status === "succeeded") return;
      const outcome = { status: "succeeded" as const, dataVersion: version };
      await items.apply(key, { type: "run-ended", run: runId, at: now(), outcome }, { now: now() });
    });
  }
  return added;
}

export interface Requested {
  /** Courses of which at least one asset has a run to come. */
  readonly requested: number;
}

/** What is made of courses, by what it is made of. */
const MADE_OF = new Map([
  [RAW_COURSE_XML, COURSE_XML],
  [RAW_COURSE_STRUCTURE, COURSE_STRUCTURE],
]);

/** Has the trigger rule see what is there: it requests the run of a version that is new, and lanes let it begin. */
export async function requestCourses(
  { observed, lanes }: Pick<Coordination, "observed" | "lanes">,
  members: ArchiveMembers,
  now: () => number,
): Promise<Requested> {
  let requested = 0;
  for (const [upstream, partitions] of await partitionsOf(members)) {
    const asset = MADE_OF.get(upstream);
    if (asset === undefined) continue;
    await byShard(partitions, async ({ partition, version }) => {
      const seen = await observed({ asset, partition }, { upstream, version, at: now() });
      // Also a run that an attempt which died has asked for.
      if (seen?.state.runs.some(({ phase }) => phase === "queued") === true) requested += 1;
    });
  }
  if (requested > 0) await lanes.dispatch([COURSES_LANE], now());
  return { requested };
}
