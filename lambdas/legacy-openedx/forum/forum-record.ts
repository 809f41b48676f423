import * as z from "zod";
import { retryConflict } from "../../../core/io/retry-conflict.ts";
import type { Ledger } from "../../../core/io/ports.ts";
import type { DropKey } from "../drop/drop-record.ts";
import { ifUnchanged } from "../../../core/io/ledger-conditions.ts";

const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;

/** The dump of one drop. */
export const ForumDump = z.object({
  backend: z.enum(["mongo", "mysql-v2"]),
  snapshotTime: z.string(),
  /** Of all documents; what describes the collections is left out. */
  digest: z.string(),
  files: z.array(
    z.object({
      ...{ name: z.string(), key: z.string(), bytes: z.number(), sha256: z.string() },
      documents: z.number().exactOptional(),
    }),
  ),
});
export type ForumDump = z.infer<typeof ForumDump>;

const dumpKey = ({ deployment, date }: DropKey, dropId: string) => ({
  ...{ pk: `legacy-drop-file#${deployment}#${date}#${dropId}#forum`, sk: "done" },
});

export async function readForumDump(ledger: Ledger, drop: DropKey, dropId: string): Promise<ForumDump | undefined> {
  const { pk, sk } = dumpKey(drop, dropId);
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : ForumDump.parse(item.data);
}

export async function writeForumDump(ledger: Ledger, drop: DropKey, dropId: string, data: ForumDump): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1_000) + KEPT_DAYS * 86_400;
  await ledger.write([{ put: { ...dumpKey(drop, dropId), data, expiresAt }, if: { any: true } }]);
}

/** `YYYYMMDD`: the day of the latest drop, and the first whose forum was the same. */
const Seen = z.object({ digest: z.string(), since: z.string(), date: z.string() });

/** Since which day the forum is as it is; an earlier day that is made again says nothing new. */
export async function forumSince(ledger: Ledger, { deployment, date }: DropKey, digest: string): Promise<string> {
  const [pk, sk] = [`legacy-drop#${deployment}`, "forum"];
  return retryConflict(async () => {
    const item = await ledger.get(pk, sk);
    const known = item === undefined ? undefined : Seen.parse(item.data);
    const isSame = known?.digest === digest && known.since <= date;
    const since = isSame ? known.since : date;
    if (known === undefined || known.date <= date) {
      const data: z.infer<typeof Seen> = { digest, since, date };
      await ledger.write([{ put: { pk, sk, data }, if: ifUnchanged(item) }]);
    }
    return since;
  });
}

export const daysBetween = (since: string, date: string): number => Math.round((timeOf(date) - timeOf(since)) / DAY_MS);

const timeOf = (date: string): number =>
  Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00Z`);
