import { Int32, ObjectId, type Document } from "bson";
import type { MysqlRecord } from "../mysql/read-records.ts";
import type { ContentKind, ContentPage } from "./content-page.ts";

const HEX_ID = /^[0-9a-f]{24}$/;
/** First byte of the id of a content that never was in MongoDB: no ObjectId of our time begins so. */
const KIND_BYTE: Readonly<Record<string, string>> = { commentthread: "01", comment: "02" };

/**
 * A content as the forum kept it in MongoDB, its fields in the order of `to_dict` of openedx/forum. Threads and comments
 * are of one collection but of two tables: ids are those that they had in MongoDB, else made of table and id.
 */
export function contentDocument(kind: ContentKind, content: MysqlRecord, page: ContentPage): Document {
  const id = content["id"] ?? "";
  const of = (all: ContentPage["votes"]): readonly MysqlRecord[] => all.get(id) ?? [];
  const idOf = (model: string, one: string | null | undefined): ObjectId => {
    const known = page.mongoIds.get(`${model} ${one}`) ?? "";
    const made =
      (KIND_BYTE[model] ?? "") +
      BigInt(one ?? 0)
        .toString(16)
        .padStart(22, "0");
    return ObjectId.createFromHexString(HEX_ID.test(known) ? known : made);
  };
  const flaggers = (all: ContentPage["flags"]): string[] => of(all).map(({ user_id }) => user_id ?? "");
  const start = {
    _id: idOf(kind.model, id),
    votes: votesOf(of(page.votes)),
    visible: truth(content["visible"]),
    abuse_flaggers: flaggers(page.flags),
    historical_abuse_flaggers: flaggers(page.pastFlags),
  };
  const author = {
    author_id: content["author_id"],
    author_username: content["author_username"] || content["retired_username"] || content["username"],
  };
  const times = { updated_at: time(content["updated_at"]), created_at: time(content["created_at"]) };
  const edits = of(page.edits).map((edit) => ({
    ...{ author_id: edit["editor_id"], original_body: edit["original_body"], reason_code: edit["reason_code"] },
    ...{ editor_username: edit["username"], created_at: time(edit["created_at"]) },
  }));
  const anonymous = {
    anonymous: truth(content["anonymous"]),
    anonymous_to_peers: truth(content["anonymous_to_peers"]),
  };
  if (kind.type === "CommentThread") {
    return {
      ...start,
      ...{ thread_type: content["thread_type"], _type: kind.type, commentable_id: content["commentable_id"] },
      ...{ context: content["context"], comment_count: count(of(page.comments)[0]?.["comments"]) },
      ...{ at_position_list: [], pinned: truth(content["pinned"]), title: content["title"], body: content["body"] },
      ...{ course_id: content["course_id"], ...anonymous, closed: truth(content["closed"]) },
      ...{
        closed_by_id: content["closed_by_id"],
        close_reason_code: content["close_reason_code"],
        ...author,
        ...times,
      },
      ...{ last_activity_at: time(content["last_activity_at"]), edit_history: edits, group_id: group(content) },
      ...moderation(content),
    };
  }
  const above = parentsOf(id, page.parents);
  const [parent] = above;
  return {
    ...start,
    parent_ids: above.toReversed().map((one) => idOf("comment", one)),
    ...(parent === undefined ? {} : { parent_id: idOf("comment", parent) }),
    ...{ at_position_list: [], body: content["body"], course_id: content["course_id"], _type: kind.type },
    ...{ endorsed: truth(content["endorsed"]), ...anonymous, author_id: author.author_id },
    comment_thread_id: idOf("commentthread", content["comment_thread_id"]),
    ...{ child_count: count(content["child_count"]), depth: count(content["depth"]) },
    author_username: author.author_username,
    sk: [...above.toReversed(), id].map((one) => idOf("comment", one).toHexString()).join("-"),
    ...times,
    endorsement: endorsementOf(content["endorsement"]),
    ...(edits.length === 0 ? {} : { edit_history: edits }),
    ...moderation(content),
  };
}

const truth = (text: string | null | undefined): boolean => text === "1";
const count = (text: string | null | undefined): Int32 => new Int32(Number(text ?? 0));
const group = ({ group_id }: MysqlRecord): Int32 | null => (group_id == null ? null : count(group_id));
/** MongoDB's times have milliseconds. */
const time = (text: string | null | undefined): Date | null =>
  text == null ? null : new Date(`${text.replace(" ", "T").slice(0, 23)}Z`);

function votesOf(votes: readonly MysqlRecord[]): Document {
  const by = (wanted: string): string[] =>
    votes.filter(({ vote }) => vote === wanted).map(({ user_id }) => user_id ?? "");
  const [up, down] = [by("1"), by("-1")];
  const int = (value: number): Int32 => new Int32(value);
  return {
    ...{ up, down, up_count: int(up.length), down_count: int(down.length) },
    ...{ count: int(up.length + down.length), point: int(up.length - down.length) },
  };
}

/** Of releases that have them. */
const moderation = (content: MysqlRecord): Document => ({
  ...("is_spam" in content ? { is_spam: truth(content["is_spam"]) } : {}),
  ...("is_deleted" in content
    ? {
        is_deleted: truth(content["is_deleted"]),
        ...{ deleted_at: time(content["deleted_at"]), deleted_by: content["deleted_by_id"] ?? null },
      }
    : {}),
});

/** The nearest first. */
function parentsOf(id: string, parents: ContentPage["parents"]): string[] {
  const above: string[] = [];
  for (let next = parents.get(id); next != null && !above.includes(next); next = parents.get(next)) above.push(next);
  return above;
}

function endorsementOf(text: string | null | undefined): Document | null {
  const parsed: unknown = text == null ? null : JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || Object.keys(parsed).length === 0) return null;
  const given = new Map(Object.entries(parsed));
  const at: unknown = given.get("time");
  const when = typeof at === "string" && !Number.isNaN(Date.parse(at)) ? new Date(at) : (at ?? null);
  return { user_id: given.get("user_id") ?? null, time: when };
}
