import type { Connection } from "mysql2";
import { readRecords, type MysqlRecord } from "../mysql/read-records.ts";

/** A model of openedx/forum (forum/backends/mysql/models.py). */
export interface ContentKind {
  readonly type: "CommentThread" | "Comment";
  readonly table: string;
  /** Of Django's content types: votes, flags and edits belong to either kind. */
  readonly model: string;
  readonly columns: readonly string[];
}

const COMMON = [
  ...["id", "author_id", "course_id", "body", "visible", "anonymous", "anonymous_to_peers", "group_id"],
  ...["created_at", "updated_at"],
];
const THREAD: ContentKind = {
  ...{ type: "CommentThread", table: "forum_commentthread", model: "commentthread" },
  columns: [
    ...COMMON,
    ...["title", "thread_type", "context", "closed", "pinned", "last_activity_at", "close_reason_code"],
    ...["closed_by_id", "commentable_id"],
  ],
};
const COMMENT: ContentKind = {
  ...{ type: "Comment", table: "forum_comment", model: "comment" },
  columns: [...COMMON, "endorsed", "endorsement", "child_count", "comment_thread_id", "parent_id", "depth"],
};
export const KINDS: readonly ContentKind[] = [THREAD, COMMENT];

/** Contents at a time: with all that belongs to them some megabytes. */
const PAGE = 500;

/** Contents in the order of their ids, and all that is kept of them elsewhere. */
export interface ContentPage {
  readonly contents: readonly MysqlRecord[];
  readonly votes: Belongings;
  readonly flags: Belongings;
  readonly pastFlags: Belongings;
  readonly edits: Belongings;
  /** Of a thread: comments that are not deleted. */
  readonly comments: Belongings;
  /** Parent of a comment by its id, of the page's comments and all above them. */
  readonly parents: ReadonlyMap<string, string | null>;
  /** ObjectId of a content that came from MongoDB, by `<model> <id>`. */
  readonly mongoIds: ReadonlyMap<string, string>;
}

type Belongings = ReadonlyMap<string | null, readonly MysqlRecord[]>;

/** Its columns, and those of the optional ones that this release has. */
export async function columnsOf(session: Connection, { table, columns }: ContentKind, optional: readonly string[]) {
  const found = await readRecords(session, {
    sql: "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    values: [table],
  });
  const names = new Set(found.map(({ name }) => name));
  return [...columns, ...optional.filter((name) => names.has(name))];
}

export async function contentPage(
  session: Connection,
  kind: ContentKind,
  { contentType, columns, after }: { contentType: string; columns: readonly string[]; after: bigint },
): Promise<ContentPage> {
  const contents = await readRecords(session, {
    sql: `SELECT ${columns.map((name) => `c.${name}`).join(", ")}, u.username FROM ${kind.table} c JOIN auth_user u ON u.id = c.author_id WHERE c.id > ? ORDER BY c.id LIMIT ${PAGE}`,
    values: [after],
  });
  const ids = [contents[0]?.["id"] ?? "0", contents.at(-1)?.["id"] ?? "0"];
  const belonging = async (select: string, from: string, values: readonly string[] = [contentType, ...ids]) =>
    Map.groupBy(
      await readRecords(session, { sql: `SELECT ${select} ${from}`, values }),
      ({ content }) => content ?? null,
    );
  const ofContent = (table: string, join = ""): string =>
    `FROM ${table} t ${join} WHERE t.content_type_id = ? AND t.content_object_id BETWEEN ? AND ? ORDER BY t.id`;
  const content = "t.content_object_id AS content";
  const isThread = kind.type === "CommentThread";
  const notDeleted = columns.includes("is_deleted") ? "AND t.is_deleted = 0" : "";
  const parents = isThread ? new Map<string, string | null>() : await parentsOf(session, contents);
  return {
    contents,
    votes: await belonging(`${content}, t.user_id, t.vote`, ofContent("forum_uservote")),
    flags: await belonging(`${content}, t.user_id`, ofContent("forum_abuseflagger")),
    pastFlags: await belonging(`${content}, t.user_id`, ofContent("forum_historicalabuseflagger")),
    edits: await belonging(
      `${content}, t.editor_id, u.username, t.original_body, t.reason_code, t.created_at`,
      ofContent("forum_edithistory", "JOIN auth_user u ON u.id = t.editor_id"),
    ),
    comments: isThread
      ? await belonging(
          "t.comment_thread_id AS content, COUNT(*) AS comments",
          `FROM forum_comment t WHERE t.comment_thread_id BETWEEN ? AND ? ${notDeleted} GROUP BY 1`,
          ids,
        )
      : new Map(),
    parents,
    mongoIds: await mongoIdsOf(session, [
      ...contents.map(({ id }) => [kind.model, id] as const),
      ...contents.map((one) => ["commentthread", one["comment_thread_id"]] as const),
      ...[...parents].flat().map((id) => ["comment", id] as const),
    ]),
  };
}

/** A comment's parents lie one level above the other; the forum itself makes two. */
async function parentsOf(session: Connection, contents: readonly MysqlRecord[]): Promise<Map<string, string | null>> {
  const parents = new Map(contents.map(({ id, parent_id }) => [id ?? "", parent_id ?? null]));
  for (;;) {
    const missing = [...new Set(parents.values())].filter((id) => id !== null && !parents.has(id));
    if (missing.length === 0) return parents;
    const marks = missing.map(() => "?").join(", ");
    const sql = `SELECT id, parent_id FROM forum_comment WHERE id IN (${marks})`;
    for (const id of missing) if (id !== null) parents.set(id, null);
    for (const row of await readRecords(session, { sql, values: missing.flatMap((id) => id ?? []) }))
      parents.set(row["id"] ?? "", row["parent_id"] ?? null);
  }
}

async function mongoIdsOf(
  session: Connection,
  wanted: readonly (readonly [model: string, id: string | null | undefined])[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [model, pairs] of Map.groupBy(wanted, ([of]) => of)) {
    const ids = [...new Set(pairs.flatMap(([, id]) => id ?? []))];
    if (ids.length === 0) continue;
    const rows = await readRecords(session, {
      sql: `SELECT m.content_object_id AS id, m.mongo_id FROM forum_mongocontent m JOIN django_content_type t ON t.id = m.content_type_id WHERE t.app_label = 'forum' AND t.model = ? AND m.content_object_id IN (${ids.map(() => "?").join(", ")})`,
      values: [model, ...ids],
    });
    for (const { id, mongo_id } of rows) if (mongo_id != null) found.set(`${model} ${id}`, mongo_id);
  }
  return found;
}
