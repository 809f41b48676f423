import { createHash, randomUUID } from "node:crypto";
import { link, open, readFile, rename, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { FileBody, UploadedPart } from "../ports.ts";
import { isFileThere, isMissingFile } from "./errors.ts";
import { readLocalFile } from "../local-file.ts";

const DATA = "data";

/** Where the bytes of a part are: from this byte on in the common file, or in a file of their own. */
const Receipt = z.object({ md5: z.string(), at: z.number().optional(), file: z.string().optional() });
type Receipt = z.infer<typeof Receipt>;
const End = z.object({ end: z.number() });

/**
 * Writes one part durably, behind the one before it in one file that completing only has to rename. One that comes out
 * of order, or once more, gets a file of its own; completing then copies. Gives the receipt, which alone says which.
 */
export async function writePart(folder: string, number: number, bytes: Uint8Array): Promise<string> {
  const md5 = createHash("md5").update(bytes).digest("hex");
  const at = number === 1 ? 0 : await endOf(folder, number - 1);
  const receipt: Receipt = { md5 };
  // Nobody else ever writes behind the part before, also when this process ends before it has.
  if (at !== undefined && (await claim(folder, number))) {
    const file = await open(join(folder, DATA), number === 1 ? "w+" : "r+");
    try {
      for (let done = 0; done < bytes.length;)
        done += (await file.write(bytes, done, undefined, at + done)).bytesWritten;
      await file.sync();
    } finally {
      await file.close();
    }
    await writeDurably(join(folder, `${number}.end`), Buffer.from(JSON.stringify({ end: at + bytes.length })));
    receipt.at = at;
  } else {
    receipt.file = randomUUID();
    await writeDurably(join(folder, receipt.file), bytes);
  }
  return JSON.stringify(receipt);
}

/**
 * A file of all parts in their order, to be given away; the parts stay. Its digest is made of theirs, as S3's ETag of
 * an object in parts. Throws ENOENT when the upload is no more.
 */
export async function joinParts(folder: string, parts: readonly UploadedPart[]): Promise<FileBody> {
  const places = parts.map(({ receipt, sizeBytes }) => ({ ...Receipt.parse(JSON.parse(receipt)), sizeBytes }));
  const sum = createHash("md5");
  for (const { md5 } of places) sum.update(md5, "hex");
  const digest = `${sum.digest("hex")}-${parts.length}`;
  const path = join(folder, randomUUID());
  let [end, inOrder] = [0, true];
  for (const { at, sizeBytes } of places) {
    inOrder &&= at === end;
    end += sizeBytes;
  }
  if (inOrder && (await claim(folder, parts.length + 1))) {
    await truncate(join(folder, DATA), end);
    await link(join(folder, DATA), path);
    return { path, digest };
  }
  const file = await open(path, "wx", 0o600);
  try {
    for (const { at, file: own, sizeBytes } of places) {
      const source = join(folder, own ?? DATA);
      const start = at ?? 0;
      if ((await stat(source)).size < start + sizeBytes) throw new Error(`${source} has lost a part of an upload.`);
      if (sizeBytes === 0) continue;
      await file.writeFile(readLocalFile(source, { start, end: start + sizeBytes - 1 }));
    }
  } finally {
    await file.close();
  }
  return { path, digest };
}

async function endOf(folder: string, number: number): Promise<number | undefined> {
  try {
    return End.parse(JSON.parse(await readFile(join(folder, `${number}.end`), "utf8"))).end;
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

/** Once for each number, whoever asks. */
async function claim(folder: string, number: number): Promise<boolean> {
  try {
    await (await open(join(folder, `${number}.claim`), "wx")).close();
    return true;
  } catch (error) {
    if (isFileThere(error)) return false;
    throw error;
  }
}

export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
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
