import type { OriginObject } from "../../../core/io/origins.ts";
import { partitionProblem } from "../../../core/model/items/partition-key.ts";
import type { OriginDeclaration } from "../../../core/model/origins.ts";
import type { Mirror } from "../sources/mirrors.ts";

/** Inclusive, `YYYY-MM-DD`. */
export interface Days {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface Chosen {
  readonly object: OriginObject;
  /** In the landing bucket. */
  readonly key: string;
  /** Before the first day that counts by itself: its versions are followed once it is here, and nobody begins with it. */
  readonly early: boolean;
}

export type Choice =
  | { readonly chosen: Chosen }
  | { readonly ignored: "name" | "days" }
  | { readonly unkeyable: string };

/** What is to be done about one listed object. */
export function choose(
  { files, landsUnder, under = "" }: Pick<Mirror, "files" | "landsUnder" | "under">,
  declared: OriginDeclaration,
  object: OriginObject,
  { from, to }: Days,
): Choice {
  const { name } = object;
  const groups = files.exec(name)?.groups ?? (files.test(name) ? {} : undefined);
  if (groups === undefined || (name.endsWith("/") && object.sizeBytes === 0)) return { ignored: "name" };
  const { date, key: called = name } = groups;
  if (date !== undefined && !isDay(date)) return { ignored: "name" };
  if (date !== undefined && ((from !== undefined && date < from) || (to !== undefined && date > to))) {
    return { ignored: "days" };
  }
  const bucket = declared.kind === "http" ? "" : declared.bucket;
  const key = landsUnder + (declared.under ?? under.replace("{bucket}", bucket)) + called;
  const problem = partitionProblem(called);
  if (problem !== undefined) return { unkeyable: problem };
  const asked = from !== undefined || to !== undefined;
  return { chosen: { object, key, early: !asked && date !== undefined && date < (declared.since ?? "") } };
}

function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
