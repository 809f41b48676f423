import { createHash } from "node:crypto";
import type { CellKind } from "./csv/dialect.ts";

/** Course ids that one statement asks for. */
export const COURSES_A_STATEMENT = 500;

/** One file of the drop: its columns, and how its rows are read in the order of the course list, then of `id`. */
export interface DropFile {
  readonly name: string;
  /** What a row count of zero or a fifth less than before is about, in words for people. */
  readonly rowsAre: string;
  /** Where its rows come from, for whoever looks for a damaged one. */
  readonly table: string;
  /** The first is the key within a course. */
  readonly columns: Readonly<Record<string, CellKind>>;
  /** One expression for each column. */
  readonly select: readonly string[];
  readonly from: string;
  readonly course: string;
  /** Orders rows of the same course and id. */
  readonly tieBreak?: string;
  /** Read course by course in chunks of this many rows, instead of by many courses at once. Its ids are unique. */
  readonly chunkRows?: number;
  /** No rows at all fail the drop. */
  readonly required: boolean;
}

const enrolments: DropFile = {
  name: "enrollment_query.csv",
  rowsAre: "enrolments",
  table: "student_courseenrollment",
  columns: {
    ...({ id: "verbatim", user_id: "verbatim", course_id: "text" } as const),
    ...({ created: "datetime", is_active: "verbatim", mode: "text" } as const),
  },
  select: ["e.id", "e.user_id", "e.course_id", "e.created", "e.is_active", "e.mode"],
  from: "student_courseenrollment e",
  course: "e.course_id",
  required: true,
};

const users: DropFile = {
  name: "users_query.csv",
  rowsAre: "users",
  table: "auth_user",
  columns: {
    ...({ id: "verbatim", username: "text", first_name: "text", last_name: "text", email: "text" } as const),
    ...({ is_staff: "verbatim", is_active: "verbatim", is_superuser: "verbatim" } as const),
    ...({ last_login: "datetime", date_joined: "datetime", course_id: "text" } as const),
  },
  select: [
    ...["u.id", "u.username", "u.first_name", "u.last_name", "u.email", "u.is_staff", "u.is_active", "u.is_superuser"],
    ...["u.last_login", "u.date_joined", "e.course_id"],
  ],
  from: "student_courseenrollment e JOIN auth_user u ON u.id = e.user_id",
  course: "e.course_id",
  // Nothing but an index that may be missing says that a user is enrolled once.
  tieBreak: "e.id",
  required: true,
};

const submissions: DropFile = {
  name: "studentmodule_query.csv",
  rowsAre: "submissions",
  table: "courseware_studentmodule",
  columns: {
    ...({ id: "verbatim", module_type: "text", module_id: "text", student_id: "verbatim", state: "text" } as const),
    ...({ grade: "double", created: "datetime", modified: "datetime", max_grade: "double" } as const),
    ...({ done: "text", course_id: "text" } as const),
  },
  select: [
    ...["s.id", "s.module_type", "s.module_id", "s.student_id", "s.state", "s.grade", "s.created", "s.modified"],
    ...["s.max_grade", "s.done", "s.course_id"],
  ],
  from: "courseware_studentmodule s",
  course: "s.course_id",
  chunkRows: 50_000,
  required: true,
};

const roles: DropFile = {
  name: "role_query.csv",
  rowsAre: "roles",
  table: "student_courseaccessrole",
  columns: { id: "verbatim", user_id: "verbatim", org: "text", course_id: "text", role: "text" },
  select: ["r.id", "r.user_id", "r.org", "r.course_id", "r.role"],
  from: "student_courseaccessrole r",
  course: "r.course_id",
  required: true,
};

const forumRoles: DropFile = {
  name: "role_users.csv",
  rowsAre: "forum roles",
  table: "django_comment_client_role_users",
  columns: roles.columns,
  select: ["ru.id", "ru.user_id", "o.name", "r.course_id", "r.name"],
  from: `django_comment_client_role_users ru JOIN django_comment_client_role r ON r.id = ru.role_id
    JOIN organizations_organizationcourse oc ON oc.course_id = r.course_id
    JOIN organizations_organization o ON o.id = oc.organization_id`,
  course: "r.course_id",
  // One row for each organisation of the course.
  tieBreak: "o.name, oc.id",
  required: false,
};

export const COURSE_IDS = { name: "course_ids.csv", columns: ["course_id"] } as const;

/** Those that are read from the database, the largest first: the others are done while it goes on. */
export const dropFiles: readonly DropFile[] = [submissions, users, enrolments, roles, forumRoles];

/** Where reading goes on: within the course of this index after this id, or at its begin. */
export interface Cursor {
  readonly course: number;
  readonly id?: string;
}

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | bigint | number)[];
  /** Index of its first course in the list; a row's hidden last value counts from 1 from there. */
  readonly from: number;
  readonly until: number;
}

/**
 * The statement that goes on at the cursor: the rest of a course that was begun, else a batch of courses. A file that
 * is read in chunks always gets one course, and its rows up to the limit.
 */
export function statementAt(file: DropFile, courses: readonly string[], { course, id }: Cursor): Statement {
  const single = id !== undefined || file.chunkRows !== undefined;
  const until = Math.min(courses.length, course + (single ? 1 : COURSES_A_STATEMENT));
  const wanted = courses.slice(course, until);
  const key = file.select[0] ?? "";
  const after = id === undefined ? [] : [BigInt(id)];
  const chunk = file.chunkRows === undefined ? [] : [file.chunkRows];
  return {
    sql: sqlOf(file, wanted.length, after.length > 0, key),
    values: [...(wanted.length > 1 ? wanted : []), ...wanted, ...after, ...chunk],
    from: course,
    until,
  };
}

function sqlOf(file: DropFile, courses: number, after: boolean, key: string): string {
  const marks = Array.from({ length: courses }, () => "?").join(", ");
  const names = Object.keys(file.columns);
  // The position orders and tells the reader the course, by the database's own idea of equal ids.
  const position = courses > 1 ? `FIELD(${file.course}, ${marks})` : "1";
  return [
    `SELECT ${[...file.select.map((expression, index) => `${expression} AS ${names[index]}`), `${position} AS course_position`].join(", ")}`,
    `FROM ${file.from}`,
    `WHERE ${file.course} ${courses > 1 ? `IN (${marks})` : "= ?"}${after ? ` AND ${key} > ?` : ""}`,
    `ORDER BY ${[...(courses > 1 ? ["course_position"] : []), key, ...(file.tieBreak === undefined ? [] : [file.tieBreak])].join(", ")}`,
    ...(file.chunkRows === undefined ? [] : ["LIMIT ?"]),
  ].join(" ");
}

/** Changes when the file is read otherwise: then what an earlier attempt has made of it does not count. */
export const queryDigest = (file: DropFile, source: string): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        source,
        file.columns,
        sqlOf(file, file.chunkRows === undefined ? 2 : 1, false, file.select[0] ?? ""),
      ]),
    )
    .digest("hex");

/**
 * The list that all files use: the first of each, in order. Ids that differ in case only are one to the database, which
 * would give their rows twice.
 */
export function courseList(ids: Iterable<string>): readonly string[] {
  const seen = new Map<string, string>();
  for (const id of ids) if (!seen.has(id.toLowerCase())) seen.set(id.toLowerCase(), id);
  return [...seen.values()];
}
