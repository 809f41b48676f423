import { createHash, randomUUID } from "node:crypto";
import { chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { chunkBytes } from "../chunk.ts";
import { isFileBody } from "../file-body.ts";
import { fileExtension } from "../limits.ts";
import type { FileBody, ObjectBody } from "../ports.ts";
import { isMissingFile, isOtherDisk } from "./errors.ts";

const SPOOL = "spool";
const OBJECTS = "objects";

/** Bytes that are durable under a temporary name. */
export interface Spooled {
  readonly path: string;
  /** MD5 in hex, as S3's ETag of an object written in one piece; what is said of a file whose bytes are not read here. */
  readonly etag: string;
  readonly sizeBytes: number;
}

/** Writes the whole body to a temporary file and syncs it. On any error nothing is left behind. */
export async function spool(stateDir: string, body: ObjectBody): Promise<Spooled> {
  const folder = join(stateDir, OBJECTS, SPOOL);
  await makeDurableFolder(folder);
  const path = join(folder, randomUUID());
  if (isFileBody(body)) return takeOver(body, path);
  const md5 = createHash("md5");
  let sizeBytes = 0;
  try {
    // Read-only for everybody from the start: `withFile` hands out this very file.
    const file = await open(path, "wx", 0o444);
    try {
      const chunks = typeof body === "string" || body instanceof Uint8Array ? [Buffer.from(body)] : body;
      for await (const chunk of chunks) {
        const bytes = chunkBytes(chunk);
        md5.update(bytes);
        sizeBytes += bytes.length;
        await file.writeFile(bytes);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, etag: md5.digest("hex"), sizeBytes };
}

async function takeOver({ path: given, digest }: FileBody, path: string): Promise<Spooled> {
  try {
    await rename(given, path).catch(async (error: unknown) => {
      if (!isOtherDisk(error)) throw error;
      await copyFile(given, path);
      await rm(given);
    });
    await chmod(path, 0o444);
    const file = await open(path, "r");
    try {
      await file.sync();
      return { path, etag: digest, sizeBytes: (await file.stat()).size };
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Where a version's bytes live, below the state folder: the key is never a path. */
export const fileOf = (bucket: string, key: string, versionId: string): string =>
  join(OBJECTS, bucket, versionId.slice(0, 2), `${versionId}${fileExtension(key)}`);

/** Gives spooled bytes their final name, durably. The name is new, so nothing is ever replaced. */
export async function settle(stateDir: string, spooled: Spooled, file: string): Promise<void> {
  const target = join(stateDir, file);
  await makeDurableFolder(dirname(target));
  await rename(spooled.path, target);
  await syncFolder(dirname(target));
}

/** A second name for a version's bytes: nobody ever writes to them, so a copy need not be one. */
export async function linkFile(stateDir: string, file: string, to: string): Promise<void> {
  const target = join(stateDir, to);
  await makeDurableFolder(dirname(target));
  await link(join(stateDir, file), target);
  await syncFolder(dirname(target));
}

async function makeDurableFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Removes what killed writers left: spool files, and files that no version names. Only files older than
 * `olderThanMs` go, because a living writer's file is in neither state for longer. Returns how many went.
 */
export async function sweepOrphans(
  stateDir: string,
  db: DatabaseSync,
  { olderThanMs = 3_600_000, signal }: { readonly olderThanMs?: number; readonly signal?: AbortSignal } = {},
): Promise<number> {
  const oldest = Date.now() - olderThanMs;
  const named = db.prepare("SELECT file FROM versions WHERE file = ?");
  let removed = 0;
  for await (const file of filesBelow(stateDir, OBJECTS)) {
    if (signal?.aborted === true) break;
    if (named.get(file) !== undefined) continue;
    const path = join(stateDir, file);
    const info = await stat(path).catch(unlessMissing);
    // When it got its name: a file that is given away or linked may have been written long before.
    if (info === undefined || info.ctimeMs > oldest) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

/** One folder after another: there may be a million files. */
async function* filesBelow(stateDir: string, folder: string): AsyncGenerator<string> {
  const entries = (await readdir(join(stateDir, folder), { withFileTypes: true }).catch(unlessMissing)) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(stateDir, path);
    else if (entry.isFile()) yield path;
  }
}

function unlessMissing(error: unknown): undefined {
  if (!isMissingFile(error)) throw error;
}
