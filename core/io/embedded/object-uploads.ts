import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as z from "zod";
import { checkKey, checkMetadata } from "../limits.ts";
import { uploadGone } from "../object-failures.ts";
import type { ObjectHead, Objects, ObjectUpload, PutOptions } from "../ports.ts";
import { isMissingFile } from "./errors.ts";

const UPLOADS = "uploads";
const OPTIONS = "options.json";
/** As the rule of the buckets in AWS. */
const KEPT_MS = 2 * 86_400_000;

const Options = z.object({ metadata: z.record(z.string(), z.string()), contentType: z.string().optional() });

interface Store {
  readonly attempt: <T>(what: string, work: () => Promise<T>) => Promise<T>;
  readonly put: (bucket: string, key: string, body: Readable, options: PutOptions) => Promise<ObjectHead>;
  readonly head: (bucket: string, key: string) => ObjectHead | undefined;
}

/** Uploads as folders with a file for each part, apart from the objects; completing one writes them as one object. */
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
        await writeDurably(join(folderOf(upload), String(number)), body);
        return { number, sizeBytes: body.length, receipt: createHash("md5").update(body).digest("hex") };
      }),

    completeUpload: (upload, parts) =>
      during(upload, async () => {
        const { bucket, key } = upload;
        const folder = folderOf(upload);
        const text = await readFile(join(folder, OPTIONS), "utf8").catch((error: unknown) => {
          if (isMissingFile(error)) return undefined;
          throw error;
        });
        if (text === undefined) {
          const found = store.head(bucket, key);
          if (found?.sizeBytes === parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)) return found;
          throw uploadGone(upload);
        }
        const { metadata, contentType } = Options.parse(JSON.parse(text));
        const files = parts.map(({ number }) => join(folder, String(number)));
        for (const file of files) await stat(file);
        const given = contentType === undefined ? { metadata } : { metadata, contentType };
        const head = await store.put(bucket, key, Readable.from(bytesOf(files)), given);
        await rm(folder, { recursive: true, force: true });
        return head;
      }),
  };
}

async function* bytesOf(files: readonly string[]): AsyncGenerator {
  for (const file of files) yield* createReadStream(file, { highWaterMark: 1_024 * 1_024 });
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

async function removeOld(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < Date.now() - KEPT_MS) await rm(join(folder, name), { recursive: true, force: true });
  }
}
