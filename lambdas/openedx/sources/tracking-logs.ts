/** One row per source of tracking logs: where its files land, what they become. A new one is one entry. */
export interface TrackingLogSource {
  readonly id: string;
  /** In the landing bucket. */
  readonly landsUnder: string;
  /** Which keys below that are tracking logs; others are ignored. */
  readonly files: RegExp;
  /** Raw table in namespace `raw`. */
  readonly table: string;
  readonly asset: string;
  /**
   * Whoever read the files of the platform before finds them by its names as well: `valid/<date>/<name>` or
   * `normalized_<name>` below the asset, always with the newest content. Absent = nobody does.
   */
  readonly alsoAs?: "valid" | "normalized";
}

const deployment = (id: string): TrackingLogSource => ({
  id,
  landsUnder: `sources/tracking-${id}/`,
  files: /^logs\/.+/,
  table: `raw__${id}__openedx__tracking_logs`,
  asset: `${id}/openedx/raw_data/tracking_logs`,
});

export const trackingLogSources: readonly TrackingLogSource[] = [
  deployment("mitx"),
  deployment("mitxonline"),
  deployment("xpro"),
  {
    id: "edxorg",
    landsUnder: "sources/edxorg-gcs-archives/",
    files: /^COLD\/.+/,
    table: "raw__edxorg__s3__tracking_logs",
    asset: "edxorg/raw_data/tracking_logs",
  },
];
