import * as z from "zod";
import type { Ledger, LedgerItem } from "../../../core/io/ports.ts";
import { CONTENT_FILES_ROUTE, deliveryKey } from "../../learn-webhook/delivery-key.ts";
import type { OpenEdxDeployment } from "../sources/deployments.ts";
import { courseXmlAsset } from "./landing-keys.ts";

/** `pk course#<deployment>, sk <course id>`: the newest version that was staged. */
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

const pkOf = (deployment: string): string => `course#${deployment}`;

/** Where the newest plan of a course is named. */
export const newestPlan = (deployment: string, courseId: string) => ({ pk: pkOf(deployment), sk: courseId });

export async function knownVersion(
  ledger: Ledger,
  deployment: string,
  courseId: string,
): Promise<KnownVersion | undefined> {
  const item: LedgerItem | undefined = await ledger.get(pkOf(deployment), courseId);
  return item === undefined ? undefined : { rev: item.rev, version: CourseVersion.parse(item.data) };
}

/** Throws Conflict `stale_item` when another archive of the course was staged meanwhile. */
export async function recordVersion(
  ledger: Ledger,
  deployment: string,
  courseId: string,
  version: CourseVersion,
  before: KnownVersion | undefined,
): Promise<void> {
  const condition = before === undefined ? { absent: true as const } : { rev: before.rev };
  await ledger.write([{ put: { pk: pkOf(deployment), sk: courseId, data: version }, if: condition }]);
}

/** How far a staged version came: every step behind it may have died, and landing the archive again repairs it. */
export type Progress = "staged" | "committed" | "announced";

export async function progressOf(
  ledger: Ledger,
  deployment: OpenEdxDeployment,
  courseId: string,
  version: CourseVersion,
): Promise<Progress> {
  if (!(await isCommitted(ledger, version))) return "staged";
  const { contentDigest, codeVersion } = version;
  const asset = courseXmlAsset(deployment.id);
  const materialised = await ledger.get(`materialisation#${asset}`, `${courseId}#${contentDigest}#${codeVersion}`);
  if (materialised === undefined) return "committed";
  if (!deployment.announcesContent) return "announced";
  const identity = { route: CONTENT_FILES_ROUTE, source: deployment.id, subject: courseId, contentDigest };
  const delivery = z
    .object({ state: z.string() })
    .safeParse((await ledger.get("delivery", deliveryKey(identity)))?.data);
  return delivery.success && ["delivered", "superseded"].includes(delivery.data.state) ? "announced" : "committed";
}

/** CommitRows writes one record per table: `<plan id>#<table>#…`. */
async function isCommitted(ledger: Ledger, { planId, tables }: CourseVersion): Promise<boolean> {
  const { items } = await ledger.query("commit", { prefix: `${planId}#` });
  return tables.every((table) =>
    items.some(({ sk }) => sk.startsWith(`${planId}#${table}#`) || sk === `${planId}#${table}`),
  );
}
