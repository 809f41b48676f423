/** What is copied from stores of others into the landing bucket. A new one is one row here. */
export interface Mirror {
  readonly id: string;
  readonly description: string;
  /** Whose objects: a name that environments declare. */
  readonly origin: string;
  /** Of the names that are listed, unless the origin declares another. */
  readonly prefix: string;
  /**
   * Whole names that count. Group `key`: what the copy is called, absent = the whole name. Group `date`: the day that
   * the object is of, by which backfills choose.
   */
  readonly files: RegExp;
  /** Copies go below this prefix of the landing bucket, and nowhere else. */
  readonly landsUnder: string;
  /** Where they begin there, unless the origin declares it; `{bucket}` is the origin's. Absent = at once. */
  readonly under?: string;
  /** One must not come before the ones that are before it by name: the first that fails ends the round. */
  readonly inOrder?: true;
  /** EventBridge Scheduler expression, UTC. */
  readonly every: string;
}

export const mirrors: readonly Mirror[] = [
  {
    id: "edxorg_archives",
    description: "Weekly archives of edx.org, hourly; their landing has them unpacked.",
    origin: "edxorg-gcs-archives",
    prefix: "COLD/",
    files: /^COLD\/(?<key>mitx-(?<date>\d{4}-\d{2}-\d{2})\.tar\.gz)$/,
    landsUnder: "sources/edxorg-archives/",
    inOrder: true,
    every: "cron(10 * * * ? *)",
  },
  {
    id: "edxorg_tracking_logs",
    description: "Daily tracking logs of edx.org, hourly; their landing has them normalised.",
    origin: "edxorg-gcs-archives",
    prefix: "COLD/",
    files: /^COLD\/mitx-edx-events-(?<date>\d{4}-\d{2}-\d{2})\.log\.gz$/,
    landsUnder: "sources/edxorg-gcs-archives/",
    every: "cron(25 * * * ? *)",
  },
  {
    id: "edxorg_course_tarballs",
    description: "Course tarballs of edx.org, daily.",
    origin: "edxorg-gcs-tarballs",
    prefix: "",
    files: /^.+$/s,
    landsUnder: "sources/course-exports-edxorg/",
    under: "results/{bucket}/",
    every: "cron(40 3 * * ? *)",
  },
  {
    id: "program_reports",
    description: "Reports on programs and their credentials, out of edX's account, daily.",
    origin: "program-reports",
    prefix: "reports_v2/MITx/",
    files: /^.+$/s,
    landsUnder: "edxorg-program-credentials/",
    every: "cron(20 4 * * ? *)",
  },
];
