import { basename } from "node:path";
import { badInput } from "./output.ts";

/** Where files of each kind land. The only place that knows these key layouts; triggers declare the same prefixes. */
const LAYOUT = {
  tracking_log: {
    mitx: (file: string, date: string) => `sources/tracking-mitx/logs/${date}/${file}`,
    mitxonline: (file: string, date: string) => `sources/tracking-mitxonline/logs/${date}/${file}`,
    xpro: (file: string, date: string) => `sources/tracking-xpro/logs/${date}/${file}`,
    // edX.org names its files by their date; what is named otherwise gets a folder that says it.
    edxorg: (file: string, date: string) =>
      `sources/edxorg-gcs-archives/COLD/${file.includes(date) ? file : `${date}/${file}`}`,
  },
  course_archive: {
    mitx: (file: string) => `sources/course-exports-mitx/${file}`,
    mitxonline: (file: string) => `sources/course-exports-mitxonline/${file}`,
    xpro: (file: string) => `sources/course-exports-xpro/${file}`,
  },
  archive: {
    edxorg: (file: string) => `sources/edxorg-archives/${file}`,
  },
} as const satisfies Record<string, Record<string, (file: string, date: string) => string>>;

export type LandingKind = keyof typeof LAYOUT;
export const LANDING_KINDS = ["tracking_log", "course_archive", "archive"] as const satisfies readonly LandingKind[];

export function landingKind(value: string): LandingKind {
  const kind = LANDING_KINDS.find((known) => known === value);
  if (kind !== undefined) return kind;
  throw badInput(`--as "${value}" is no kind of input.`, `Use one of: ${LANDING_KINDS.join(", ")}.`, "unknown_kind");
}

/**
 * The object key of a file. The log date is what was given, else a date in the file's name, else today (UTC).
 * @throws Rejected `unknown_deployment`, `bad_date`, `not_an_archive`
 */
export function landingKey(kind: LandingKind, deployment: string, path: string, date?: string): string {
  const layout: Readonly<Record<string, (file: string, date: string) => string>> = LAYOUT[kind];
  const make = Object.hasOwn(layout, deployment) ? layout[deployment] : undefined;
  if (make === undefined) {
    const known = Object.keys(layout).join(", ");
    throw badInput(
      `There is no deployment "${deployment}" for ${kind}.`,
      `Use one of: ${known}.`,
      "unknown_deployment",
    );
  }
  const file = basename(path);
  if (kind === "course_archive" && !/\.(tar\.gz|tgz|tar)$/.test(file)) {
    throw badInput(
      `${path} is not named like a course export, so nothing would take it up.`,
      "Course exports end in .tar.gz, .tgz or .tar. Nothing was landed.",
      "not_an_archive",
    );
  }
  if (kind === "archive" && !/^mitx-\d{4}-\d{2}-\d{2}\.tar\.gz$/.test(file)) {
    throw badInput(
      `${path} is not named like a weekly archive, so nothing would take it up.`,
      "Weekly archives are named mitx-YYYY-MM-DD.tar.gz. Nothing was landed.",
      "not_an_archive",
    );
  }
  return make(file, date === undefined ? dateOf(file) : checkedDate(date));
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

function dateOf(file: string): string {
  const found = [...file.matchAll(/(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)/g)].map(([date]) => date).find(isDate);
  return found ?? new Date().toISOString().slice(0, 10);
}

function checkedDate(date: string): string {
  if (isDate(date)) return date;
  throw badInput(`--date "${date}" is no date.`, "Write it as YYYY-MM-DD.", "bad_date");
}

/** A day of the calendar: 2026-02-30 is none. */
function isDate(text: string): boolean {
  if (!ISO_DATE.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
