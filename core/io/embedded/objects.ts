import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { checkKey, checkMetadata, pageSize } from "../limits.ts";
import { objectMissing, rangeInvalid, versionNotCurrent } from "../object-failures.ts";
import type { ObjectRef, Objects } from "../ports.ts";
import { embeddedFailure } from "./errors.ts";
import { fileOf, linkFile, settle, spool } from "./object-files.ts";
import { findVersion, listCurrent, openObjectIndex, versionAdder, type StoredVersion } from "./object-index.ts";
import { embeddedUploads } from "./object-uploads.ts";
import { READ_BYTES } from "../local-file.ts";

/**
 * Objects as files with a SQLite index, shared by the engine and all workers. A put is acknowledged after the
 * bytes, their name and the index are durable; a crash in between leaves an orphan file, never a broken object.
 */
export function embeddedObjects(folder: string): Objects & { close(): void } {
  const stateDir = resolve(folder);
  const db = openObjectIndex(stateDir);
  const add = versionAdder(db);

  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw embeddedFailure(error, what);
    }
  };
  const existing = (ref: ObjectRef): StoredVersion => {
    checkKey(ref.bucket, ref.key);
    const found = findVersion(db, ref);
    if (found === undefined) throw objectMissing(ref);
    return found;
  };

  const put: Objects["put"] = (bucket, key, body, options = {}) =>
    attempt(`put s3://${bucket}/${key}`, async () => {
      checkKey(bucket, key);
      const metadata = checkMetadata(options.metadata ?? {});
      const ifAbsent = options.ifAbsent ?? false;
      const before = ifAbsent ? findVersion(db, { bucket, key }) : undefined;
      if (before !== undefined) {
        if (body instanceof Readable) body.destroy();
        return { head: before.head, created: false };
      }
      const spooled = await spool(stateDir, body);
      const versionId = randomUUID().replaceAll("-", "");
      const file = fileOf(bucket, key, versionId);
      const { etag, sizeBytes } = spooled;
      const head = { bucket, key, versionId, etag, sizeBytes, lastModified: new Date(), metadata };
      try {
        await settle(stateDir, spooled, file);
        const contentType = options.contentType ?? "application/octet-stream";
        const winner = await add({ stored: { head, file }, ifAbsent, contentType });
        if (winner === undefined) return { head, created: true };
        await rm(join(stateDir, file), { force: true });
        return { head: winner.head, created: false };
      } catch (error) {
        await rm(spooled.path, { force: true });
        // A COMMIT may fail and yet be done: only a file that the index does not name goes.
        if (findVersion(db, { bucket, key, versionId }) === undefined) await rm(join(stateDir, file), { force: true });
        throw error;
      }
    });

  return {
    put,

    movesFiles: async () => true,

    head: (ref) =>
      attempt(`look at s3://${ref.bucket}/${ref.key}`, async () => {
        checkKey(ref.bucket, ref.key);
        return findVersion(db, ref)?.head;
      }),

    get: (ref, range) =>
      attempt(`read s3://${ref.bucket}/${ref.key}`, async () => {
        const { file, head } = existing(ref);
        if (range !== undefined && (range.start < 0 || range.end < range.start || range.start >= head.sizeBytes)) {
          throw rangeInvalid(ref, range, head.sizeBytes);
        }
        const handle = await open(join(stateDir, file), "r");
        const highWaterMark = Math.min(READ_BYTES, Math.max(head.sizeBytes, 1));
        return handle.createReadStream({ ...range, highWaterMark });
      }),

    list: (bucket, prefix, page = {}) =>
      attempt(`list s3://${bucket}/${prefix}`, async () => {
        const limit = pageSize(page.limit);
        const found = listCurrent(db, bucket, prefix, page.after, limit + 1);
        const objects = found.slice(0, limit);
        const last = objects.at(-1);
        return found.length > limit && last !== undefined ? { objects, next: last.key } : { objects };
      }),

    withFile: async (ref, use) => use(join(stateDir, existing(ref).file)),

    sqlUri: async (ref) => {
      const current = existing({ bucket: ref.bucket, key: ref.key });
      if (ref.versionId !== undefined && ref.versionId !== current.head.versionId) throw versionNotCurrent(ref);
      return join(stateDir, current.file);
    },

    ...embeddedUploads(stateDir, {
      attempt,
      put: async (...args) => (await put(...args)).head,
      head: (bucket, key) => findVersion(db, { bucket, key })?.head,
    }),

    copy: (from, bucket, key, options = {}) =>
      attempt(`copy s3://${from.bucket}/${from.key} to s3://${bucket}/${key}`, async () => {
        checkKey(bucket, key);
        const source = existing(from);
        const versionId = randomUUID().replaceAll("-", "");
        const file = fileOf(bucket, key, versionId);
        const { etag, sizeBytes, metadata } = source.head;
        const head = { bucket, key, versionId, etag, sizeBytes, lastModified: new Date(), metadata };
        await linkFile(stateDir, source.file, file);
        const contentType = options.contentType ?? "application/octet-stream";
        await add({ stored: { head, file }, ifAbsent: false, contentType });
        return head;
      }),

    close: () => db.close(),
  };
}
