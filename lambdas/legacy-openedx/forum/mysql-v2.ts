import { EJSON, Int32, serialize } from "bson";
import type { Connection } from "mysql2";
import { Failure } from "../../../core/model/failures.ts";
import { beginSnapshot } from "../drop/read-rows.ts";
import { connectMysql, type ReadCredentials } from "../mysql/connect.ts";
import { mysqlFailure } from "../mysql/errors.ts";
import { readRecords } from "../mysql/read-records.ts";
import { columnsOf, contentPage, KINDS, type ContentKind } from "./content-page.ts";
import { contentDocument } from "./content-document.ts";
import type { ForumBackend } from "./dump.ts";

const COLLECTION = "contents";
const OPTIONAL = ["is_spam", "is_deleted", "deleted_at", "deleted_by_id", "author_username", "retired_username"];

/**
 * The forum that lives in the edxapp database (openedx/forum, app label `forum`), as the documents that it was made of:
 * threads and comments are one collection `contents`. Threads first, each kind by its id; one snapshot for all.
 */
export async function openMysqlForum(read: ReadCredentials): Promise<ForumBackend> {
  const session = await connectMysql(read);
  const failed = (error: unknown): unknown => mysqlFailure(error, "dump the forum");
  try {
    const snapshotTime = await beginSnapshot(session);
    return {
      snapshotTime,
      collections: async function* () {
        const metadata = EJSON.stringify(
          {
            indexes: [{ v: new Int32(2), key: { _id: new Int32(1) }, name: "_id_" }],
            ...{ collectionName: COLLECTION, type: "collection" },
          },
          { relaxed: false },
        );
        yield {
          ...{ name: COLLECTION, metadata },
          documents: async function* () {
            try {
              for (const kind of KINDS) yield* documentsOf(session, kind);
            } catch (error) {
              throw failed(error);
            }
          },
        };
      },
      close: async () => session.destroy(),
    };
  } catch (error) {
    session.destroy();
    throw failed(error);
  }
}

async function* documentsOf(session: Connection, kind: ContentKind): AsyncIterable<Uint8Array> {
  const [type] = await readRecords(session, {
    sql: "SELECT id FROM django_content_type WHERE app_label = 'forum' AND model = ?",
    values: [kind.model],
  });
  if (type === undefined) throw noForum(kind);
  // Later releases of the forum have columns that earlier ones have not.
  const columns = await columnsOf(session, kind, OPTIONAL);
  for (let after = 0n; ;) {
    const page = await contentPage(session, kind, { contentType: type["id"] ?? "", columns, after });
    for (const content of page.contents) yield serialize(contentDocument(kind, content, page));
    const last = page.contents.at(-1)?.["id"];
    if (last == null) return;
    after = BigInt(last);
  }
}

const noForum = ({ model }: ContentKind): Failure =>
  new Failure("Misconfigured", `The database knows no content "${model}" of the forum.`, {
    code: "forum_missing",
    what: "dump the forum",
    hint: "This installation's forum is elsewhere: set `forum` in lambdas/legacy-openedx/sources/deployments.ts.",
  });
