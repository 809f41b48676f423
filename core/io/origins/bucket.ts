import { buffer } from "node:stream/consumers";
import { isFailure } from "../../model/failures.ts";
import type { ObjectHead, Objects } from "../ports.ts";
import type { Origin, OriginObject } from "./origin.ts";
import { patiently, sleepFor, type Sleep } from "./patience.ts";
import { changed, rangeOf } from "./replies.ts";

/**
 * A bucket of S3, or of one machine's own store. Versions are ETags, for those are what a listing tells; the bytes are
 * read by the id of the version that has it. `copies`: with the same credentials the store can write where we land.
 */
export function bucketOrigin(
  id: string,
  bucket: string,
  objects: Pick<Objects, "list" | "head" | "get" | "copy">,
  { copies, sleep = sleepFor }: { readonly copies: boolean; readonly sleep?: Sleep },
): Origin {
  const uri = (name: string): string => `s3://${bucket}/${name}`;
  /** One object is read in many ranges, one after the other. */
  let last: ObjectHead | undefined;
  const pinned = async ({ name, version }: Pick<OriginObject, "name" | "version">): Promise<ObjectHead> => {
    if (last?.key === name && last.etag === version) return last;
    const head = await objects.head({ bucket, key: name });
    if (head?.etag !== version) throw changed(uri(name), { version });
    last = head;
    return head;
  };

  return {
    id,
    uri,
    list: async function* (prefix, signal) {
      for (let after: string | undefined; ;) {
        signal?.throwIfAborted();
        const from = after === undefined ? {} : { after };
        const page = await patiently(() => objects.list(bucket, prefix, from), sleep, signal);
        yield page.objects.map(({ key, etag, sizeBytes, lastModified }) => ({
          ...{ name: key, sizeBytes, version: etag, updated: lastModified },
        }));
        if (page.next === undefined) return;
        after = page.next;
      }
    },
    read: (object, range, signal) =>
      patiently(
        async () => {
          const { key, versionId } = await pinned(object);
          const bytes = await gone(object, async () => buffer(await objects.get({ bucket, key, versionId }, range)));
          const headers = new Headers({ "content-range": `bytes ${range.start}-${range.end}/*` });
          return rangeOf({ status: 206, headers, bytes, isCut: false }, uri(key), range);
        },
        sleep,
        signal,
      ),
    ...(copies
      ? {
          copy: async (object, to, key) => {
            const { key: name, versionId } = await pinned(object);
            return gone(object, () => objects.copy({ bucket, key: name, versionId }, to, key));
          },
        }
      : {}),
  };

  async function gone<T>(object: Pick<OriginObject, "name" | "version">, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isFailure(error) && error.code === "object_missing") throw changed(uri(object.name), object, error);
      throw error;
    }
  }
}
