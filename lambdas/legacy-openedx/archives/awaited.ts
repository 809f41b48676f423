import { json } from "node:stream/consumers";
import * as z from "zod";
import type { Objects } from "../../../core/io/ports.ts";
import { stagedKey, type DropKey } from "../drop/drop-record.ts";

/** Courses whose archives a drop waits for: thousands, so they lie beside its files and not in the machine's state. */
const Awaited = z.object({
  /** Epoch milliseconds. */
  askedAt: z.number(),
  courses: z.array(z.string()),
});
export type Awaited = z.infer<typeof Awaited>;

export function awaitedOf(objects: Objects, bucket: string, drop: DropKey & { readonly dropId: string }) {
  const key = stagedKey(drop, drop.dropId, "awaited.json");
  return {
    read: async (): Promise<Awaited> => Awaited.parse(await json(await objects.get({ bucket, key }))),
    write: async (awaited: Awaited): Promise<void> =>
      void (await objects.put(bucket, key, JSON.stringify(awaited), { contentType: "application/json" })),
  };
}
