import type { Items } from "../../../core/io/items.ts";
import { followAuthority, type PartitionReport } from "../../../core/io/partition-authority.ts";
import type { Ledger } from "../../../core/io/ports.ts";
import { partitionProblem } from "../../../core/model/items/partition-key.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import type { OpenEdx } from "../../open-edx-api/client.ts";
import { countAbsences } from "./absences.ts";
import { activeCourses } from "./active-courses.ts";
import { rememberGone, tellGone } from "./deletions.ts";

export interface Discovery {
  readonly deployment: string;
  /** Name of the execution: its attempts are one discovery. */
  readonly run: string;
  /** Whose partitions are the course runs. */
  readonly assets: readonly string[];
  readonly openEdx: Pick<OpenEdx, "courses" | "status">;
  readonly items: Items;
  readonly ledger: Ledger;
  readonly now: () => number;
  /** Tells others that a course run is gone for good; absent = nobody is told. */
  readonly tell?: (courseId: string, goneSince: string) => Promise<unknown>;
}

export interface Discovered {
  /** Duplicates across pages count once. */
  readonly listed: number;
  /** Known, and not in this list: retired when it is so three times and there is no such course. */
  readonly absent: number;
  /** Course runs of which others were told that they are gone. */
  readonly deleted?: number;
  /** By asset: what became of its partitions. Course runs that are kept though they are not listed count as listed. */
  readonly assets: Readonly<Record<string, PartitionReport>>;
}

const LISTS = 3;
/** Looked after by one discovery; the rest has time until the next. */
const LOOKS = 100;

/**
 * Brings the partitions of a deployment's course assets in line with what its LMS lists; requests no run. Only complete
 * lists that are not empty say that a course is gone. Throws Malformed `course_list_empty`, Rejected `partition_guard`,
 * and what the client throws.
 */
export async function discover(discovery: Discovery): Promise<Discovered> {
  const { deployment, run, assets, openEdx, items, ledger, now } = discovery;
  const listed = new Set<string>();
  for await (const page of openEdx.courses()) for (const id of page) listed.add(id);
  if ([...listed].every((id) => partitionProblem(id) !== undefined)) throw empty(deployment);
  const missing = new Map<string, string[]>();
  for (const asset of assets)
    missing.set(
      asset,
      (await activeCourses(items, asset)).filter((id) => !listed.has(id)),
    );
  const lists = await countAbsences(ledger, deployment, run, new Set([...missing.values()].flat()));
  const gone = await reallyGone(
    openEdx,
    [...lists].filter(([, count]) => count >= LISTS).map(([id]) => id),
  );
  const { tell } = discovery;
  if (tell !== undefined) await rememberGone(ledger, deployment, gone, new Date(now()).toISOString());
  const reports: Record<string, PartitionReport> = {};
  for (const [asset, ids] of missing) {
    const pages = pagesOf(
      [...listed],
      ids.filter((id) => !gone.has(id)),
    );
    reports[asset] = await followAuthority({ ledger, items }, { asset, pages, now: now() });
  }
  const found = { listed: listed.size, absent: lists.size, assets: reports };
  const [asset] = assets;
  if (tell === undefined || asset === undefined) return found;
  return { ...found, deleted: await tellGone({ ledger, items }, { deployment, asset, listed }, tell) };
}

async function* pagesOf(...pages: readonly (readonly string[])[]): AsyncGenerator<readonly string[]> {
  yield* pages;
}

/** A course run may be hidden from the list and be there. One that cannot be asked after is asked after next time. */
async function reallyGone(openEdx: Pick<OpenEdx, "status">, ids: readonly string[]): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const id of ids.slice(0, LOOKS)) {
    try {
      if ((await openEdx.status(id)) === "gone") gone.add(id);
    } catch (error) {
      if (!isFailure(error) || error.name === "Misconfigured") throw error;
    }
  }
  return gone;
}

const empty = (deployment: string): Failure =>
  new Failure("Malformed", `The list of course runs of ${deployment} is empty: nothing is added and nothing removed.`, {
    code: "course_list_empty",
    what: `discover the course runs of ${deployment}`,
    hint: "Look whether the API's user may see the courses.",
  });
