import { Failure } from "../model/failures.ts";

/**
 * AWS's limits, held in both homes, so that nothing runs on one machine that AWS would refuse.
 * Sources: S3 "Creating object key names" and "Working with object metadata"; DynamoDB "Quotas".
 */
const KEY_MAX_BYTES = 1_024;
const METADATA_MAX_BYTES = 2_048;
const ITEM_MAX_BYTES = 400 * 1_024;
const TRANSACTION_MAX_BYTES = 4 * 1_024 * 1_024;
const TRANSACTION_MAX_WRITES = 100;
const PAGE_MAX = 1_000;

/** Attribute names count too: pk, sk, rev, expiresAt, data, and up to 42 bytes for the two numbers. */
const ITEM_OVERHEAD_BYTES = 2 + 2 + 3 + 9 + 4 + 42;

const bytes = (text: string): number => Buffer.byteLength(text, "utf8");

function refuse(code: string, what: string, message: string, hint: string): Failure {
  return new Failure("Rejected", message, { code, what, hint });
}

export function checkKey(bucket: string, key: string): void {
  const what = `name an object in ${bucket}`;
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket)) {
    throw refuse("bucket_invalid", what, `"${bucket}" is not a bucket name.`, "Take the name from the settings.");
  }
  if (key === "" || bytes(key) > KEY_MAX_BYTES || !key.isWellFormed()) {
    const reason = `The key has ${bytes(key)} bytes; 1 to ${KEY_MAX_BYTES} bytes of well-formed UTF-8 are allowed.`;
    throw refuse("key_invalid", what, `${reason} It starts "${key.slice(0, 80)}".`, "Rename the object at its source.");
  }
}

/** Metadata as it comes back from S3: names in lower case. */
export function checkMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const size = entries.reduce((sum, [name, value]) => sum + bytes(name) + bytes(value), 0);
  const wrong = entries.find(([name, value]) => !/^[a-z0-9_-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value));
  if (wrong !== undefined || size > METADATA_MAX_BYTES) {
    const reason = wrong === undefined ? `${size} bytes, at most ${METADATA_MAX_BYTES}` : `"${wrong[0]}" is not ASCII`;
    throw refuse("metadata_invalid", "describe an object", `The metadata is refused: ${reason}.`, "Encode or drop it.");
  }
  return Object.fromEntries(entries);
}

/** The JSON text of a ledger item's data, which is what both homes store. */
export function encodeItem(pk: string, sk: string, data: unknown): string {
  const text = JSON.stringify(data ?? null);
  const size = bytes(pk) + bytes(sk) + bytes(text) + ITEM_OVERHEAD_BYTES;
  if (size > ITEM_MAX_BYTES) {
    const message = `The item ${pk} / ${sk} has ${size} bytes; at most ${ITEM_MAX_BYTES} are allowed.`;
    throw refuse("item_too_large", "write to the ledger", message, "Keep the payload in an object and its key here.");
  }
  return text;
}

/** One transaction names an item once; DynamoDB refuses the rest. */
export function checkTransaction(items: readonly { pk: string; sk: string; text: string }[]): void {
  const ids = new Set(items.map(({ pk, sk }) => JSON.stringify([pk, sk])));
  const size = items.reduce((sum, { text }) => sum + bytes(text), 0);
  const empty = items.some(({ pk, sk }) => pk === "" || sk === "");
  if (items.length > TRANSACTION_MAX_WRITES || ids.size < items.length || size > TRANSACTION_MAX_BYTES || empty) {
    const message =
      `A ledger transaction of ${items.length} writes on ${ids.size} items with ${size} bytes is refused: ` +
      `at most ${TRANSACTION_MAX_WRITES} writes, each on an item of its own with non-empty keys, at most 4 MB.`;
    throw refuse("transaction_invalid", "write to the ledger", message, "Split the work into smaller transactions.");
  }
}

export const pageSize = (limit: number | undefined): number =>
  Math.max(1, Math.min(PAGE_MAX, Math.trunc(limit ?? PAGE_MAX)));

/**
 * A harmless extension of a key for a local file's name: readers (DuckDB, gunzip) look at it. Nothing else of a
 * key may become part of a path.
 */
export const fileExtension = (key: string): string =>
  /(?:\.[A-Za-z0-9]{1,10}){1,2}$/.exec(key)?.[0].toLowerCase() ?? "";
