import { createHash } from "node:crypto";

/** One course run as LMS and Studio know it. */
export interface StandInCourse {
  readonly id: string;
  version: string;
  /** Rises with every publication. */
  published: number;
  /** The text of its structure document; absent = a small one made of id and version. */
  structure?: string;
  /** Files of its archive; absent = a small course made of id and version. */
  archive?: () => Promise<Buffer>;
  /** Gone from list, status, outline and structure. */
  vanished: boolean;
  /** Gone from the list alone. */
  unlisted: boolean;
  /** What becomes of its exports. Default: succeed at the second look. */
  exports: ExportPlan;
}

export interface ExportPlan {
  /**
   * `refuse`: named in `failed_uploads`. `nothing`: no word of it. `bad-request`: started, with status 400.
   * `lose`: it succeeds and no archive is there. `hang`: it never ends.
   */
  readonly ends: "succeed" | "fail" | "cancel" | "hang" | "refuse" | "nothing" | "bad-request" | "lose";
  /** States that are told one after the other before it ends. */
  readonly states?: readonly string[];
  /** Somebody publishes the course while it is exported. */
  readonly republish?: boolean;
  readonly reason?: string;
}

export const versionOf = (id: string, published: number): string =>
  createHash("sha256").update(`${id}#${published}`).digest("hex").slice(0, 24);

export const newCourse = (id: string): StandInCourse => ({
  ...{ id, published: 1, version: versionOf(id, 1), vanished: false, unlisted: false },
  exports: { ends: "succeed", states: ["In Progress"] },
});

/** `course-v1:Stand+C0001+2026`, and so on. */
export const courseIds = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `course-v1:Stand+C${String(index + 1).padStart(4, "0")}+2026`);

export const partsOf = (id: string): { org: string; course: string; run: string } => {
  const [org = "O", course = "C", run = "R"] = id.startsWith("course-v1:") ? id.slice(10).split("+") : id.split("/");
  return { org, course, run };
};

/** Keys in no alphabetical order and a number that JavaScript would respell. */
export function structureOf({ id, version, structure }: StandInCourse): string {
  if (structure !== undefined) return structure;
  const { org, course, run } = partsOf(id);
  const block = (type: string, name: string) => `block-v1:${org}+${course}+${run}+type@${type}+block@${name}`;
  const text = (value: string): string => JSON.stringify(value);
  return `{${text(block("html", "welcome"))}: {"category": "html", "children": [], "metadata": {"weight": 1.0, "display_name": ${text(`Welcome to ${course}`)}}}, ${text(block("course", "course"))}: {"category": "course", "children": [${text(block("html", "welcome"))}], "metadata": {"display_name": ${text(`Course ${course}`)}, "start": "2026-01-01T00:00:00Z", "edition": ${text(version)}}}}`;
}
