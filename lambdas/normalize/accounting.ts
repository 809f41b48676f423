import type { TimeStatus } from "./event-time.ts";

export const REASONS = [
  "invalid_json",
  "trailing_content",
  "not_an_object",
  "invalid_utf8",
  "control_character",
  "lone_surrogate",
  "nan_literal",
  "duplicate_key",
  "line_too_long",
  "too_deep",
] as const;

export type QuarantineReason = (typeof REASONS)[number];

/** What was found in the lines of one file. `lines = rows + quarantined + blank`, or nothing is published. */
export interface LineCounts {
  lines: number;
  rows: number;
  /** Rows that the kernel read; the others took the byte path. */
  fastRows: number;
  quarantined: number;
  blank: number;
  bom: number;
  typeAnomalies: number;
  /** Events further than 7 days from their log date. */
  farFromLogDate: number;
  readonly reasons: Partial<Record<QuarantineReason, number>>;
  readonly timeStatus: Record<TimeStatus, number>;
  /** Top-level keys that are not columns, with counts; beyond 1,000 different ones under "…". */
  readonly unknownKeys: Record<string, number>;
}

const UNKNOWN_KEYS_MAX = 1_000;
const OTHER_KEYS = "…";

export const emptyCounts = (): LineCounts => ({
  lines: 0,
  rows: 0,
  fastRows: 0,
  quarantined: 0,
  blank: 0,
  bom: 0,
  typeAnomalies: 0,
  farFromLogDate: 0,
  reasons: {},
  timeStatus: { ok: 0, assumed_utc: 0, leap: 0, unparsed: 0, absent: 0 },
  unknownKeys: Object.create(null),
});

export function countReason(counts: LineCounts, reason: QuarantineReason): void {
  counts.quarantined += 1;
  counts.reasons[reason] = (counts.reasons[reason] ?? 0) + 1;
}

export function countUnknownKey(counts: LineCounts, key: string): void {
  const keys = counts.unknownKeys;
  const full = !(key in keys) && Object.keys(keys).length >= UNKNOWN_KEYS_MAX;
  const name = full ? OTHER_KEYS : key;
  keys[name] = (keys[name] ?? 0) + 1;
}
