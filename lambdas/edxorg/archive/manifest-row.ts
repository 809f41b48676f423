import * as z from "zod";
import { CATEGORIES } from "./member-name.ts";

export const STATUSES = ["new", "unchanged", "empty", "unmatched", "unknown_table", "malformed"] as const;
export type Status = (typeof STATUSES)[number];

/** One member of an archive, in its order. Null = does not apply. */
export const ManifestRow = z.object({
  /** Path in the archive, cut to 500 characters. */
  member: z.string(),
  /** Bytes in the archive. */
  size: z.number(),
  status: z.enum(STATUSES),
  category: z.enum(CATEGORIES).nullable(),
  table: z.string().nullable(),
  course_id: z.string().nullable(),
  source: z.enum(["prod", "edge"]).nullable(),
  /** Of the stored object. */
  sha256: z.string().nullable(),
  object_key: z.string().nullable(),
  rows: z.number().nullable(),
  quarantined: z.number().nullable(),
  /** Of the bytes in the archive; null of one that was not read. */
  member_sha256: z.string().nullable(),
  /** Why, of `unmatched` and `malformed`: a code. */
  reason: z.string().exactOptional(),
  /** Rows with fewer fields than the header. */
  short_rows: z.number().exactOptional(),
  /** 2 = fields are quoted as spec/edxorg.md 4 says; objects from before have no quotes. */
  dialect: z.literal(2).exactOptional(),
  /** Of the two kinds of course structure. */
  label: z.enum(["course", "course_structure"]).exactOptional(),
});
export type ManifestRow = z.infer<typeof ManifestRow>;

/** A row whose status is known only when what was delivered before has been looked up. */
export type DraftRow = Omit<ManifestRow, "status"> & {
  readonly status: Exclude<Status, "new" | "unchanged"> | "stored";
};

const MEMBER_CHARS = 500;

export const shortName = (name: string): string => name.slice(0, MEMBER_CHARS).toWellFormed();

/** A row of a member that nothing is known of but its place. */
export const bareRow = (member: string, size: number): Omit<DraftRow, "status"> => ({
  ...{ member: shortName(member), size, category: null, table: null, course_id: null, source: null },
  ...{ sha256: null, object_key: null, rows: null, quarantined: null, member_sha256: null },
});
