import { trackingLogSources, type TrackingLogSource } from "../sources/tracking-logs.ts";

export interface LandedLog {
  readonly source: TrackingLogSource;
  /** `YYYY-MM-DD`, or undefined: the key names no date. */
  readonly logDate: string | undefined;
}

const DATE = /(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)/g;

/** Which tracking log a key in the landing bucket is; undefined = none that is declared. */
export function landedLog(key: string): LandedLog | undefined {
  const source = trackingLogSources.find(({ landsUnder }) => key.startsWith(landsUnder));
  if (source === undefined || key.endsWith("/")) return undefined;
  const below = key.slice(source.landsUnder.length);
  if (!source.files.test(below)) return undefined;
  const logDate = [...below.matchAll(DATE)].map(([, date]) => date).find((date) => date !== undefined && isDate(date));
  return { source, logDate };
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
