import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { checkKey, checkMetadata } from "../limits.ts";
import { uploadGone } from "../object-failures.ts";
import type { FileBody, ObjectHead, Objects, ObjectUpload, PutOptions } from "../ports.ts";
import { isMissingFile } from "./errors.ts";
import { joinParts, writeDurably, writePart } from "./object-parts.ts";

const UPLOADS = "uploads";
const OPTIONS = "options.json";
/** As the rule of the buckets in AWS. */
const KEPT_MS = 2 * 86_400_000;

const Options = z.object({ metadata: z.record(z.string(), z.string()), contentType: z.string().optional() });

interface Store {
  readonly attempt: <T>(what: string, work: () => Promise<T>) => Promise<T>;
  readonly put: (bucket: string, key: string, body: FileBody, options: PutOptions) => Promise<ObjectHead>;
  readonly head: (bucket: string, key: string) => ObjectHead | undefined;
}

/** Uploads as folders, apart from the objects; completing one makes one object of its parts. */
export function embeddedUploads(
  stateDir: string,
  store: Store,
): Pick<Objects, "beginUpload" | "putPart" | "completeUpload"> {
  const folderOf = ({ id }: ObjectUpload): string => join(stateDir, UPLOADS, id);
  const during = <T>(upload: ObjectUpload, work: () => Promise<T>): Promise<T> =>
    store.attempt(`upload s3://${upload.bucket}/${upload.key} in parts`, async () => {
      try {
        return await work();
      } catch (error) {
        throw isMissingFile(error) ? uploadGone(upload, error) : error;
      }
    });

  return {
    beginUpload: (bucket, key, options = {}) =>
      store.attempt(`begin the upload of s3://${bucket}/${key}`, async () => {
        checkKey(bucket, key);
        const kept = { ...options, metadata: checkMetadata(options.metadata ?? {}) };
        await removeOld(join(stateDir, UPLOADS));
        const upload = { bucket, key, id: randomUUID() };
        await mkdir(folderOf(upload), { recursive: true });
        await writeDurably(join(folderOf(upload), OPTIONS), Buffer.from(JSON.stringify(kept)));
        return upload;
      }),

    putPart: (upload, number, body) =>
      during(upload, async () => {
        return { number, sizeBytes: body.length, receipt: await writePart(folderOf(upload), number, body) };
      }),

    completeUpload: (upload, parts) =>
      during(upload, async () => {
        const { bucket, key } = upload;
        const folder = folderOf(upload);
        try {
          const { metadata, contentType } = Options.parse(JSON.parse(await readFile(join(folder, OPTIONS), "utf8")));
          const given = contentType === undefined ? { metadata } : { metadata, contentType };
          const head = await store.put(bucket, key, await joinParts(folder, parts), given);
          await rm(folder, { recursive: true, force: true });
          return head;
        } catch (error) {
          if (!isMissingFile(error)) throw error;
          // Its answer may have been lost.
          const found = store.head(bucket, key);
          if (found?.sizeBytes === parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)) return found;
          throw error;
        }
      }),
  };
}

async function removeOld(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < Date.now() - KEPT_MS) await rm(join(folder, name), { recursive: true, force: true });
  }
}
