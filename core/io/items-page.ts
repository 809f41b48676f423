import * as z from "zod";
import { compareByteOrder } from "../model/content-digest.ts";
import { Failure } from "../model/failures.ts";
import { type ItemStatus, StatusEntry, statusEntry } from "../model/items/status.ts";
import { foundItem, isIndexed, itemsPk, SHARDS, statusPk } from "./item-records.ts";
import type { Ledger, LedgerItem } from "./ports.ts";

export interface PageQuery {
  readonly status?: ItemStatus;
  readonly prefix?: string;
  /** First and last key, both included. */
  readonly from?: string;
  readonly to?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to 1,000, default 100. */
  readonly limit?: number;
}

export interface ItemRow extends StatusEntry {
  readonly partition: string;
}

export interface ItemPage {
  /** In byte order of the partition. */
  readonly items: readonly ItemRow[];
  /** Opaque; absent = the end. A page with it may be short. */
  readonly next?: string;
}

const LIMIT = 100;
const LIMIT_MAX = 1_000;
/** Where a status has no index, this many looks at all shards make a page, however few they find. */
const ROUNDS = 8;

/** A page of an asset's partitions, merged from all shards. Throws Malformed `cursor_invalid`. */
export async function pageItems(ledger: Ledger, asset: string, query: PageQuery): Promise<ItemPage> {
  const limit = Math.max(1, Math.min(LIMIT_MAX, Math.trunc(query.limit ?? LIMIT)));
  const rows: ItemRow[] = [];
  let after = query.after === undefined ? undefined : readCursor(query.after);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { found, until } = await look(ledger, asset, query, after, limit);
    for (const row of found) {
      if (query.to !== undefined && compareByteOrder(row.partition, query.to) > 0) return { items: rows };
      after = row.partition;
      if (query.status === undefined || row.status === query.status) rows.push(row);
      if (rows.length === limit) {
        const isLast = until === undefined && row === found.at(-1);
        return isLast ? { items: rows } : { items: rows, next: writeCursor(after) };
      }
    }
    if (until === undefined) return { items: rows };
    after = until;
  }
  return after === undefined ? { items: rows } : { items: rows, next: writeCursor(after) };
}

/** What all shards hold after a key, as far as all of them were read: up to `until`, or to the end. */
async function look(
  ledger: Ledger,
  asset: string,
  { status, prefix, from, to }: PageQuery,
  after: string | undefined,
  limit: number,
): Promise<{ found: ItemRow[]; until: string | undefined }> {
  const indexed = status !== undefined && isIndexed(status);
  // A shard holds about a sixteenth; what it holds more is read in the next round.
  const each = Math.min(limit, Math.ceil(limit / SHARDS.length) + 8);
  const start = after ?? (from === undefined ? undefined : justBefore(from));
  const options = {
    limit: each,
    ...(prefix === undefined ? {} : { prefix }),
    ...(start === undefined ? {} : { after: start }),
  };
  const pages = await Promise.all(
    SHARDS.map((shard) => ledger.query(indexed ? statusPk(asset, status, shard) : itemsPk(asset, shard), options)),
  );
  const ends = pages.flatMap(({ next }) => (next === undefined ? [] : [next])).toSorted(compareByteOrder);
  const [until] = ends;
  const found = pages
    .flatMap(({ items }) => items)
    .filter(({ sk }) => until === undefined || compareByteOrder(sk, until) <= 0)
    .filter(({ sk }) => from === undefined || compareByteOrder(sk, from) >= 0)
    .toSorted((a, b) => compareByteOrder(a.sk, b.sk))
    .map((item) => rowOf(item, indexed));
  const isPast = to !== undefined && until !== undefined && compareByteOrder(until, to) >= 0;
  return { found, until: isPast ? undefined : until };
}

const rowOf = (item: LedgerItem, indexed: boolean): ItemRow => ({
  partition: item.sk,
  ...(indexed ? StatusEntry.parse(item.data) : statusEntry(foundItem(item).state)),
});

/** A key below `from` with next to nothing between them: queries begin after a key. */
function justBefore(from: string): string | undefined {
  const points = Array.from(from, (char) => char.codePointAt(0) ?? 0);
  const last = points.pop();
  if (last === undefined || last === 0) return undefined;
  // Surrogates are no code points of text: the one before U+E000 is U+D7FF.
  return String.fromCodePoint(...points, last === 0xe000 ? 0xd7ff : last - 1, 0x10ffff);
}

const Cursor = z.tuple([z.literal(1), z.string().min(1)]);

const writeCursor = (after: string): string => Buffer.from(JSON.stringify([1, after])).toString("base64url");

function readCursor(text: string): string {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")))[1];
  } catch (cause) {
    throw new Failure("Malformed", `"${text.slice(0, 80)}" is no cursor of a page of partitions.`, {
      code: "cursor_invalid",
      what: "read a page of partitions",
      hint: "Begin without one, and pass each page's `next` on as it is.",
      cause,
    });
  }
}
