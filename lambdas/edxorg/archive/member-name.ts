import { partitionProblem } from "../../../core/model/items/partition-key.ts";

export const CATEGORIES = ["db_table", "course_structure", "course_xml", "forum_mongo"] as const;
export type Category = (typeof CATEGORIES)[number];

export type Source = "prod" | "edge";

/** What a file of the archive is of. */
export interface MemberName {
  readonly category: Category;
  /** Only of a `db_table`. */
  readonly table?: string;
  /** Only of a `course_structure`: there may be one of each for a course. */
  readonly label?: "course" | "course_structure";
  /** `<org>-<number>-<run>`, with `-ccx-<digits>` if there is one. */
  readonly courseId: string;
  readonly org: string;
  readonly number: string;
  readonly run: string;
  readonly source: Source;
  /** The source as the name has it; absent = it says none, which means prod. */
  readonly marker?: "prod" | "edge" | "prod-edge";
  /** Of the stored object. */
  readonly extension: "tsv" | "json" | "xml.tar.gz" | "mongo";
}

/** A longer one is none of edx.org's, and backtracking over it would take time. */
const NAME_MAX_CHARS = 255;

/**
 * Words of the grammar around the id. A name that would need one of them as its run or table lacks a part; a run may
 * begin with one: `prod.v2`.
 */
const RESERVED = "(?!(?:prod|edge|analytics|course|course_structure)(?:-|[.](?:sql|json|xml[.]tar[.]gz|mongo)$))";
const COURSE = `(?<course>(?<org>[A-Za-z0-9._]+)-(?<number>[A-Za-z0-9._-]+?)-${RESERVED}(?<run>[A-Za-z0-9._]+)(?:-ccx-[0-9]+)?)`;
const SOURCE = "(?:-(?<marker>prod-edge|prod|edge))?(?:-analytics)?";
const TABLE = "-(?!(?:prod|edge|analytics)(?:[-.]|$))(?<table>[A-Za-z_]+)";

const GRAMMAR: readonly {
  readonly category: Category;
  readonly extension: MemberName["extension"];
  readonly pattern: RegExp;
}[] = [
  { category: "db_table", extension: "tsv", pattern: of(TABLE, "sql") },
  { category: "course_structure", extension: "json", pattern: of("-(?<label>course_structure|course)", "json") },
  { category: "course_xml", extension: "xml.tar.gz", pattern: of("(?:-course)?", "xml[.]tar[.]gz") },
  { category: "forum_mongo", extension: "mongo", pattern: of("", "mongo") },
];

/**
 * What the name of a member says, by its last path segment: `MITx-15.415x-3T2018-auth_user-prod.sql`. Undefined = it
 * says nothing; spec/edxorg.md 2 has the grammar. `._` files are what macOS adds to an archive.
 */
export function memberName(path: string): MemberName | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1);
  if (file.length > NAME_MAX_CHARS || file.startsWith("._")) return undefined;
  for (const { category, extension, pattern } of GRAMMAR) {
    const found = pattern.exec(file)?.groups;
    const { course = "", org = "", number = "", run = "", table, label, marker } = found ?? {};
    if (found === undefined || partitionProblem(course) !== undefined) continue;
    return {
      ...{ category, extension, courseId: course, org, number, run },
      source: marker?.includes("edge") === true ? "edge" : "prod",
      ...(marker === "prod" || marker === "edge" || marker === "prod-edge" ? { marker } : {}),
      ...(table === undefined ? {} : { table }),
      ...(label === "course" || label === "course_structure" ? { label } : {}),
    };
  }
  return undefined;
}

function of(middle: string, extension: string): RegExp {
  return new RegExp(`^${COURSE}${middle}${SOURCE}[.]${extension}$`);
}
