import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { ListedObject, ObjectHead, ObjectRef } from "../ports.ts";
import { openDatabase, prefixEnd, transaction } from "./database.ts";
import { addToOutbox, EMBEDDED_ACCOUNT, makeEvent, OUTBOX_SCHEMA } from "./outbox.ts";
import { numberOf, textOf, type Row } from "./row.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS versions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id TEXT NOT NULL UNIQUE,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    last_modified INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    metadata TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS current (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES versions (seq),
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  ${OUTBOX_SCHEMA}
`;

const Metadata = z.record(z.string(), z.string());

/** A stored version: its head, and the file below the state folder that holds its bytes. */
export interface StoredVersion {
  readonly head: ObjectHead;
  readonly file: string;
}

/** The index of all objects; the engine drains its outbox of "Object Created" events. */
export const openObjectIndex = (stateDir: string): DatabaseSync => openDatabase(stateDir, "objects.db", SCHEMA);

export function findVersion(db: DatabaseSync, { bucket, key, versionId }: ObjectRef): StoredVersion | undefined {
  const row =
    versionId === undefined
      ? db
          .prepare("SELECT v.* FROM current c JOIN versions v USING (seq) WHERE c.bucket = ? AND c.key = ?")
          .get(bucket, key)
      : db
          .prepare("SELECT * FROM versions WHERE version_id = ? AND bucket = ? AND key = ?")
          .get(versionId, bucket, key);
  return row === undefined ? undefined : storedVersion(row);
}

export interface NewVersion {
  readonly stored: StoredVersion;
  readonly ifAbsent: boolean;
  readonly contentType: string;
}

/**
 * Adds versions, each with its current pointer and its event; with `ifAbsent` an existing key wins and is given back.
 * Those that are asked for in one turn of the event loop share a commit, whose sync is nearly all of its cost.
 */
export function versionAdder(db: DatabaseSync): (version: NewVersion) => Promise<StoredVersion | undefined> {
  let waiting: { readonly version: NewVersion; readonly result: PromiseWithResolvers<StoredVersion | undefined> }[] =
    [];
  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    try {
      const winners = transaction(db, () => batch.map(({ version }) => addVersion(db, version)));
      for (const [index, { result }] of batch.entries()) result.resolve(winners[index]);
    } catch (error) {
      for (const { result } of batch) result.reject(error);
    }
  };
  return (version) => {
    const result = Promise.withResolvers<StoredVersion | undefined>();
    if (waiting.length === 0) setImmediate(commit);
    waiting.push({ version, result });
    return result.promise;
  };
}

/** Call inside a transaction. */
export function addVersion(db: DatabaseSync, { stored, ifAbsent, contentType }: NewVersion): StoredVersion | undefined {
  const { head, file } = stored;
  const existing = ifAbsent ? findVersion(db, { bucket: head.bucket, key: head.key }) : undefined;
  if (existing !== undefined) return existing;
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO versions (version_id, bucket, key, file, etag, size, last_modified, content_type, metadata)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      head.versionId,
      head.bucket,
      head.key,
      file,
      head.etag,
      head.sizeBytes,
      head.lastModified.getTime(),
      contentType,
      JSON.stringify(head.metadata),
    );
  db.prepare(
    "INSERT INTO current (bucket, key, seq) VALUES (?, ?, ?) ON CONFLICT (bucket, key) DO UPDATE SET seq = excluded.seq",
  ).run(head.bucket, head.key, lastInsertRowid);
  addToOutbox(db, createdEvent(head, lastInsertRowid));
  return undefined;
}

/** Current objects from `after` on, one more than asked for when there is a next page. */
export function listCurrent(
  db: DatabaseSync,
  bucket: string,
  prefix: string,
  after: string | undefined,
  limit: number,
): ListedObject[] {
  // A blob is above every text: no upper bound.
  const end = prefixEnd(prefix) ?? new Uint8Array();
  const rows = db
    .prepare(
      `SELECT v.* FROM current c JOIN versions v USING (seq)
       WHERE c.bucket = :bucket AND c.key >= max(:prefix, :after) AND c.key < :end AND c.key > :after
       ORDER BY c.key LIMIT :limit`,
    )
    .all({ bucket, prefix, after: after ?? "", end, limit });
  return rows.map(listedObject);
}

function listedObject(row: Row): ListedObject {
  return {
    bucket: textOf(row, "bucket"),
    key: textOf(row, "key"),
    etag: textOf(row, "etag"),
    sizeBytes: numberOf(row, "size"),
    lastModified: new Date(numberOf(row, "last_modified")),
  };
}

function storedVersion(row: Row): StoredVersion {
  const metadata = Metadata.parse(JSON.parse(textOf(row, "metadata")));
  return {
    file: textOf(row, "file"),
    head: { ...listedObject(row), versionId: textOf(row, "version_id"), metadata },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html; the key is not URL-encoded there. */
function createdEvent(head: ObjectHead, seq: number | bigint): ReturnType<typeof makeEvent> {
  const detail = {
    version: "0",
    bucket: { name: head.bucket },
    object: {
      key: head.key,
      size: head.sizeBytes,
      etag: head.etag,
      "version-id": head.versionId,
      sequencer: seq.toString(16).toUpperCase().padStart(18, "0"),
    },
    "request-id": randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase(),
    requester: EMBEDDED_ACCOUNT,
    "source-ip-address": "127.0.0.1",
    reason: "PutObject",
  };
  return makeEvent("Object Created", "aws.s3", detail, { resources: [`arn:aws:s3:::${head.bucket}`] });
}
