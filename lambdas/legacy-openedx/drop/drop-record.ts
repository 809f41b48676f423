import { createHash } from "node:crypto";
import { json } from "node:stream/consumers";
import * as z from "zod";
import { Failure } from "../../../core/model/failures.ts";
import type { Ledger, Objects } from "../../../core/io/ports.ts";

/** One day's drop of one deployment, while it is made and after. */
export const DropRecord = z.object({
  /** Tells a drop from an earlier one of the same day: what that has staged is another's. */
  dropId: z.string(),
  /** `refused`: its checks failed, so whoever comes next begins anew. */
  state: z.enum(["open", "published", "refused"]),
  startedAt: z.string(),
  courses: z.number(),
  coursesKey: z.string(),
  coursesSha256: z.string(),
});
export type DropRecord = z.infer<typeof DropRecord>;

export interface DropKey {
  readonly deployment: string;
  /** `YYYYMMDD` */
  readonly date: string;
}

const pk = (deployment: string): string => `legacy-drop#${deployment}`;

export async function readDrop(
  ledger: Ledger,
  { deployment, date }: DropKey,
): Promise<{ readonly rev: number; readonly drop: DropRecord } | undefined> {
  const item = await ledger.get(pk(deployment), date);
  return item === undefined ? undefined : { rev: item.rev, drop: DropRecord.parse(item.data) };
}

/** Throws Conflict `stale_item` when somebody else has written it since it was read. */
export async function writeDrop(
  ledger: Ledger,
  { deployment, date }: DropKey,
  data: DropRecord,
  rev: number | undefined,
): Promise<void> {
  const put = { pk: pk(deployment), sk: date, data };
  await ledger.write([{ put, if: rev === undefined ? { absent: true } : { rev } }]);
}

/** The drop that a step was started for; another may have taken its place meanwhile. */
export async function currentDrop(ledger: Ledger, key: DropKey & { readonly dropId: string }) {
  const found = await readDrop(ledger, key);
  if (found?.drop.dropId === key.dropId) return found;
  throw new Failure("Conflict", `The drop ${key.dropId} of ${key.deployment} for ${key.date} is not the current one.`, {
    code: "drop_replaced",
    what: `make the research drop of ${key.deployment}`,
    hint: "Another run makes the drop of this day; look at that one.",
  });
}

const Counts = z.object({ date: z.string(), rows: z.record(z.string(), z.number()) });
const LAST_COMPLETE = "last-complete";

/** Row counts of the last complete drop, by file. */
export async function readLastComplete(
  ledger: Ledger,
  deployment: string,
): Promise<z.infer<typeof Counts> | undefined> {
  const item = await ledger.get(pk(deployment), LAST_COMPLETE);
  return item === undefined ? undefined : Counts.parse(item.data);
}

export async function writeLastComplete(ledger: Ledger, deployment: string, data: z.infer<typeof Counts>) {
  await ledger.write([{ put: { pk: pk(deployment), sk: LAST_COMPLETE, data }, if: { any: true } }]);
}

/** The list that all its files share. */
export const dropCourses = async (objects: Objects, bucket: string, { coursesKey }: DropRecord): Promise<string[]> =>
  z.array(z.string()).parse(await json(await objects.get({ bucket, key: coursesKey })));

/** Where a drop is made ready, in the bucket of artifacts. */
export const stagedKey = ({ deployment, date }: DropKey, dropId: string, name: string): string =>
  `drops/${deployment}/${date}/${dropId}/${name}`;

export const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");
