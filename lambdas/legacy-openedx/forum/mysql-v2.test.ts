import { deserialize, ObjectId } from "bson";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEdxapp, makeReader } from "../../../test/standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../../../test/standins/mariadb.ts";
import type { Credentials } from "../mysql/credentials.ts";
import { openMysqlForum } from "./mysql-v2.ts";

const MIGRATED = "5f0000000000000000000001";
const A = "course-v1:A+B+C";

describe.skipIf(mariadbMissing !== undefined)(
  `the forum in edxapp${mariadbMissing ? `: ${mariadbMissing}` : ""}`,
  () => {
    let server: Mariadb;
    let root: Connection;
    let secret: Credentials;
    beforeAll(async () => {
      server = await startMariadb();
      root = await makeEdxapp(server);
      await makeReader(root, "reader", "one");
      secret = {
        host: "localhost",
        port: String(server.port),
        database: "edxapp",
        ca: server.ca,
        username: "reader",
        password: "one",
      };
      await root.query(
        "INSERT INTO auth_user VALUES (1, 'ann', '', '', '', 0, 1, 0, NULL, '2020-01-02'), (2, 'bob', '', '', '', 0, 1, 0, NULL, '2020-01-02')",
      );
    }, 60_000);
    afterAll(async () => {
      await root?.end();
      await server?.stop();
    });

    async function dump() {
      const forum = await openMysqlForum(async () => secret);
      try {
        const documents = [];
        for await (const collection of forum.collections()) {
          expect([collection.name, JSON.parse(collection.metadata).collectionName]).toEqual(["contents", "contents"]);
          for await (const bytes of collection.documents()) documents.push(deserialize(bytes));
        }
        return documents;
      } finally {
        await forum.close();
      }
    }

    it("becomes the documents that it was made of: votes, flags, edits and parents in their places", async () => {
      await root.query(
        `INSERT INTO forum_commentthread VALUES (1, ?, 'Frage é😀', 1, 0, 0, 0, 3, '2024-01-02 03:04:05.678901', '2024-01-03 00:00:00',
       'Title', 'question', 'course', 0, NULL, '2024-01-04 00:00:00', NULL, 'general', 1, NULL, NULL)`,
        [A],
      );
      await root.query(
        `INSERT INTO forum_comment VALUES
       (1, ?, 'answer', 1, 1, 0, 0, NULL, '2024-01-05', '2024-01-05', '{"user_id": "1", "time": "2024-01-06T00:00:00Z"}', NULL, 1, NULL, 0, 2, 1, NULL),
       (2, ?, 'reply', 1, 0, 1, 0, NULL, '2024-01-07', '2024-01-07', '{}', NULL, 0, 'gone', 1, 2, 1, 1)`,
        [A, A],
      );
      await root.query(
        "INSERT INTO forum_uservote (content_object_id, vote, content_type_id, user_id) VALUES (1, 1, 41, 2), (1, -1, 41, 1), (1, 1, 42, 1)",
      );
      await root.query(
        "INSERT INTO forum_abuseflagger (content_object_id, flagged_at, content_type_id, user_id) VALUES (2, '2024-01-08', 42, 1)",
      );
      await root.query(
        "INSERT INTO forum_historicalabuseflagger (content_object_id, flagged_at, content_type_id, user_id) VALUES (1, '2024-01-08', 41, 2)",
      );
      await root.query("INSERT INTO forum_edithistory VALUES (1, 'typo', 'Frge', '2024-01-02 04:00:00', 1, 41, 2)");
      await root.query("INSERT INTO forum_mongocontent VALUES (1, 1, ?, 41)", [MIGRATED]);

      const [thread, answer, reply, ...rest] = await dump();
      expect(rest).toEqual([]);
      const threadId = ObjectId.createFromHexString(MIGRATED);
      const [answerId, replyId] = ["020000000000000000000001", "020000000000000000000002"].map((hex) =>
        ObjectId.createFromHexString(hex),
      );
      expect(thread).toEqual({
        ...{
          _id: threadId,
          votes: { up: ["2"], down: ["1"], up_count: 1, down_count: 1, count: 2, point: 0 },
          visible: true,
        },
        ...{ abuse_flaggers: [], historical_abuse_flaggers: ["2"], thread_type: "question", _type: "CommentThread" },
        ...{ commentable_id: "general", context: "course", comment_count: 2, at_position_list: [], pinned: false },
        ...{
          title: "Title",
          body: "Frage é😀",
          course_id: A,
          anonymous: false,
          anonymous_to_peers: false,
          closed: false,
        },
        ...{ closed_by_id: null, close_reason_code: null, author_id: "1", author_username: "ann" },
        ...{ updated_at: new Date("2024-01-03T00:00:00Z"), created_at: new Date("2024-01-02T03:04:05.678Z") },
        last_activity_at: new Date("2024-01-04T00:00:00Z"),
        edit_history: [
          {
            ...{ author_id: "2", original_body: "Frge", reason_code: "typo", editor_username: "bob" },
            created_at: new Date("2024-01-02T04:00:00Z"),
          },
        ],
        group_id: 3,
      });
      expect(answer).toMatchObject({
        ...{
          _id: answerId,
          votes: { up: ["1"], point: 1 },
          parent_ids: [],
          _type: "Comment",
          endorsed: true,
          depth: 0,
        },
        ...{ comment_thread_id: threadId, author_username: "bob", child_count: 1, sk: answerId?.toHexString() },
        endorsement: { user_id: "1", time: new Date("2024-01-06T00:00:00Z") },
      });
      expect(answer).not.toHaveProperty("parent_id");
      expect(reply).toMatchObject({
        ...{
          _id: replyId,
          parent_id: answerId,
          parent_ids: [answerId],
          abuse_flaggers: ["1"],
          author_username: "gone",
        },
        ...{ sk: `${answerId?.toHexString()}-${replyId?.toHexString()}`, endorsement: null, anonymous: true },
      });
    });

    it("has the fields of later releases where there are their columns, and any number of pages", async () => {
      for (const table of ["forum_commentthread", "forum_comment"])
        await root.query(
          `ALTER TABLE ${table} ADD is_deleted TINYINT(1) NOT NULL DEFAULT 0, ADD deleted_at DATETIME(6), ADD deleted_by_id INT`,
        );
      await root.query(
        `INSERT INTO forum_commentthread SELECT seq + 10, ?, '', 1, 0, 0, 0, NULL, '2024-01-02', '2024-01-02', 't', 'discussion', 'course',
       0, 1, NULL, NULL, NULL, 1, NULL, NULL, 1, '2024-02-01', 2 FROM seq_1_to_1100`,
        [A],
      );
      const threads = (await dump()).filter(({ _type }) => _type === "CommentThread");
      expect(threads).toHaveLength(1_101);
      expect(new Set(threads.map(({ _id }) => String(_id))).size).toBe(1_101);
      expect(threads.at(-1)).toMatchObject({ is_deleted: true, deleted_by: "2", pinned: true, group_id: null });
      expect(threads[0]).not.toHaveProperty("is_spam");
    });

    it("is no forum where there is none", async () => {
      await root.query("DELETE FROM django_content_type WHERE app_label = 'forum'");
      await expect(dump()).rejects.toMatchObject({ name: "Misconfigured", code: "forum_missing" });
    });
  },
);
