import * as z from "zod";
import type { Ledger, LedgerItem } from "../../../core/io/ports.ts";

const Copied = z.object({
  uri: z.string(),
  version: z.string(),
  sizeBytes: z.number(),
  md5: z.string().exactOptional(),
  crc32c: z.string().exactOptional(),
  /** When its owner last changed it. */
  updated: z.string(),
  key: z.string(),
  /** Of the copy. */
  etag: z.string(),
  /** By what its bytes are known to be the origin's. `store`: the store has copied them itself. */
  verified: z.enum(["crc32c", "md5", "length", "store"]),
  at: z.string(),
  run: z.string(),
});
export type Copied = z.infer<typeof Copied>;

const UnderWay = z.object({
  version: z.string(),
  upload: z.object({ bucket: z.string(), key: z.string(), id: z.string() }),
  partBytes: z.number().int().positive(),
  parts: z.array(z.object({ number: z.number(), sizeBytes: z.number(), receipt: z.string() })),
  /** Of the parts. */
  crc32c: z.number(),
});
export type UnderWay = z.infer<typeof UnderWay>;

/** `pk mirror#<id>, sk <name of the object>`: what of it is here. Only a copy that has succeeded is `copied`. */
export const MirrorRecord = z.object({ copied: Copied.exactOptional(), underWay: UnderWay.exactOptional() });
export type MirrorRecord = z.infer<typeof MirrorRecord>;

const pkOf = (mirror: string): string => `mirror#${mirror}`;

/** The holder of the mirror's lease is the only one who writes. */
export const writeRecord = (ledger: Ledger, mirror: string, name: string, data: MirrorRecord): Promise<void> =>
  ledger.write([{ put: { pk: pkOf(mirror), sk: name, data }, if: { any: true } }]);

const PAGE = 1_000;

/** Of the objects with these names, which are a page of a list that is in order or nearly so: a few queries, not one each. */
export async function recordsOf(
  ledger: Ledger,
  mirror: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, MirrorRecord>> {
  const wanted = new Set(names);
  const found = new Map<string, MirrorRecord>();
  const take = ({ sk, data }: Pick<LedgerItem, "sk" | "data">): void => {
    if (wanted.has(sk)) found.set(sk, MirrorRecord.parse(data));
  };
  const [first, last] = ends(names);
  if (first === undefined || last === undefined) return found;
  const item = await ledger.get(pkOf(mirror), first);
  if (item !== undefined) take(item);
  for (let after: string | undefined = first; after !== undefined && Buffer.compare(bytes(after), bytes(last)) < 0;) {
    const page: Awaited<ReturnType<Ledger["query"]>> = await ledger.query(pkOf(mirror), { after, limit: PAGE });
    page.items.forEach(take);
    after = page.next;
  }
  return found;
}

const bytes = (text: string): Buffer => Buffer.from(text);

/** In the ledger's order. */
function ends(names: readonly string[]): readonly (string | undefined)[] {
  const sorted = names.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)));
  return [sorted[0], sorted.at(-1)];
}
