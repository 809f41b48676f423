import * as z from "zod";
import type { Ledger, LedgerItem } from "../../core/io/ports.ts";
import { CONTENT_FILES_ROUTE } from "../learn-webhook/delivery-key.ts";
import { isTold } from "../learn-webhook/delivery.ts";
import type { CourseHome } from "./course-home.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

/** `pk course#<home>, sk <course id>`: the newest version that was staged. */
const CourseVersion = z.object({
  contentDigest: z.string(),
  /** sha256 of the archive's bytes. */
  sha256: z.string(),
  codeVersion: z.string(),
  /** Counts versions, so that going back to an older content is a plan of its own. */
  generation: z.number().int(),
  planId: z.string(),
  tables: z.array(z.string()),
  contentPath: z.string(),
  counts: z.record(z.string(), z.number()),
  /** When the archive landed, ISO 8601. */
  landedAt: z.string(),
  stagedAt: z.string(),
  /** The run that staged it: what it was asked to do again it does once, however often it is tried. */
  run: z.string().optional(),
  /** What the LMS called published before the export began. */
  publishedVersion: z.string().exactOptional(),
  /** The content was there before. */
  repeated: z.literal(true).optional(),
});
export type CourseVersion = z.infer<typeof CourseVersion>;

export interface KnownVersion {
  readonly rev: number;
  readonly version: CourseVersion;
}

const pkOf = (home: string): string => `course#${home}`;

/** Where the newest plan of a course is named. */
export const newestPlan = (home: string, courseId: string) => ({ pk: pkOf(home), sk: courseId });

export async function knownVersion(ledger: Ledger, home: string, courseId: string): Promise<KnownVersion | undefined> {
  const item: LedgerItem | undefined = await ledger.get(pkOf(home), courseId);
  return item === undefined ? undefined : { rev: item.rev, version: CourseVersion.parse(item.data) };
}

/** Throws Conflict `stale_item` when another archive of the course was staged meanwhile. */
export async function recordVersion(
  ledger: Ledger,
  home: string,
  courseId: string,
  version: CourseVersion,
  before: KnownVersion | undefined,
): Promise<void> {
  const condition = ifUnchanged(before);
  await ledger.write([{ put: { pk: pkOf(home), sk: courseId, data: version }, if: condition }]);
}

/** How far a staged version came: every step behind it may have died, and landing the archive again repairs it. */
export type Progress = "staged" | "committed" | "announced";

export async function progressOf(
  ledger: Ledger,
  home: Pick<CourseHome, "asset" | "partition" | "learnSource">,
  courseId: string,
  version: CourseVersion,
): Promise<Progress> {
  const commits = await commitsOf(ledger, version);
  if (commits === undefined) return "staged";
  const { contentDigest, codeVersion } = version;
  const subject = home.partition(courseId);
  const materialised = await ledger.get(`materialisation#${home.asset}`, `${subject}#${contentDigest}#${codeVersion}`);
  if (!tellsOf(materialised?.data, commits)) return "committed";
  const source = home.learnSource;
  if (source === undefined) return "announced";
  const told = await isTold(ledger, { route: CONTENT_FILES_ROUTE, source, subject, contentDigest });
  return told ? "announced" : "committed";
}

const Commit = z.looseObject({ snapshotId: z.string().exactOptional() });
const Materialised = z.looseObject({ commits: z.array(Commit).exactOptional() });

/** CommitRows writes one record per table: `<plan id>#<table>#…`. Undefined = not all of them are there. */
async function commitsOf(ledger: Ledger, { planId, tables }: CourseVersion): Promise<readonly string[] | undefined> {
  const { items } = await ledger.query("commit", { prefix: `${planId}#` });
  const all = tables.every((table) =>
    items.some(({ sk }) => sk.startsWith(`${planId}#${table}#`) || sk === `${planId}#${table}`),
  );
  if (!all) return undefined;
  return items.flatMap(({ data }) => Commit.safeParse(data).data?.snapshotId ?? []);
}

/** The record may be of the time before, of content that has come back: then it tells of other commits. */
function tellsOf(record: unknown, commits: readonly string[]): boolean {
  const told = Materialised.safeParse(record);
  if (!told.success) return false;
  const snapshots = new Set(told.data.commits?.map(({ snapshotId }) => snapshotId));
  return commits.every((snapshot) => snapshots.has(snapshot));
}
