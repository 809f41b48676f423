import type { ForumDump } from "../forum/forum-record.ts";
import type { DoneFile } from "./file-record.ts";

export interface TarballEntry {
  readonly course: string;
  readonly status: "ok" | "stale" | "failed";
  readonly bytes?: number;
  readonly sha256?: string;
  /** Why there is none, or no newer one. */
  readonly reason?: string;
  /** Of a stale one: what the LMS called published when it was exported, where that is known. */
  readonly version?: string;
  /** Of a stale one: since it landed. */
  readonly age_seconds?: number;
}

export interface ManifestInput {
  readonly deployment: string;
  readonly date: string;
  readonly started: string;
  readonly finished: string;
  readonly courses: number;
  readonly files: readonly DoneFile[];
  readonly tarballs: readonly TarballEntry[];
  readonly forum: ForumDump;
  /** `YYYYMMDD`: the first day that its forum was the same. */
  readonly forumSince: string;
}

/** `_MANIFEST.json`: what was delivered, for whoever wants to check it. */
export const manifestOf = ({ files, tarballs, courses, forum, forumSince, ...drop }: ManifestInput) => ({
  ...{ deployment: drop.deployment, date: drop.date, started: drop.started, finished: drop.finished },
  /** The earliest: of no row is what was so before it. */
  snapshot_time: files.map(({ snapshotTime }) => snapshotTime).toSorted()[0] ?? drop.started,
  courses,
  files: files.map(({ name, rows, bytes, sha256, querySha256, damaged }) => ({
    ...{ name, rows, bytes, sha256, query_sha256: querySha256 },
    ...(damaged === 0 ? {} : { invalid_utf8: damaged }),
  })),
  tarballs,
  forum: {
    ...{ backend: forum.backend, snapshot_time: forum.snapshotTime, sha256: forum.digest, same_since: forumSince },
    files: forum.files.map(({ name, documents, bytes, sha256 }) => ({
      name,
      ...(documents === undefined ? {} : { documents }),
      ...{ bytes, sha256 },
    })),
  },
  complete: isComplete(tarballs),
});

export const isComplete = (tarballs: readonly TarballEntry[]): boolean =>
  tarballs.every(({ status }) => status !== "failed");
