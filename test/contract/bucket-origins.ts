import { buffer } from "node:stream/consumers";
import { bucketOrigin } from "../../core/io/origins/bucket.ts";
import type { Objects } from "../../core/io/ports.ts";
import type { OpenedObjects } from "./objects-contract.ts";
import type { Home } from "./opened.ts";
import type { OpenedOrigin } from "./origins-contract.ts";

const sleep = async (): Promise<void> => undefined;

/** A bucket of any home as an origin. `theirs`: its owner's role reads it, which can write nothing of ours. */
export const bucketHome = (home: Home<OpenedObjects>, name: string, theirs: boolean): Home<OpenedOrigin> => ({
  ...{ ...home, name },
  open: async () => {
    const { port, bucket, close } = await home.open();
    const objects: Pick<Objects, "list" | "head" | "get" | "copy"> = port;
    const read = async (key: string): Promise<Buffer> => buffer(await port.get({ bucket, key }));
    return {
      port: bucketOrigin("reports", bucket, objects, { copies: !theirs, sleep }),
      put: async (key, bytes) => void (await port.put(bucket, key, bytes)),
      sums: [],
      ...(theirs ? {} : { copies: { bucket, read } }),
      close,
    };
  },
});
