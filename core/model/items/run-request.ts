import { createHash } from "node:crypto";
import * as z from "zod";
import type { ItemKey } from "./item-key.ts";
import { Instant, Versions } from "./item-state.ts";
import { Priority, Reason } from "./reasons.ts";

/** The decision that a run shall happen; its execution is started when the lane grants a slot. */
export const RunRequest = z.object({
  asset: z.string(),
  partition: z.string(),
  /** Counts from 1 per item. */
  number: z.number().int().positive(),
  /** Name of the execution, made of the three above. */
  name: z.string(),
  reason: Reason,
  priority: Priority,
  /** Of these the lane takes turns: the asset, or the backfill. */
  group: z.string(),
  /** It may not be granted before; absent = at once. */
  notBefore: Instant.optional(),
  /** It counts for this backfill, although a person's wish has overtaken it. */
  backfill: z.string().optional(),
  requestedAt: Instant,
  domain: z.string(),
  lane: z.string(),
  /** The machine's input, with `item: {asset, partition}`. */
  input: z.record(z.string(), z.unknown()),
  versions: Versions,
  codeVersion: z.string().nullable(),
  /** The execution has ended without success, and goes on from there the so manieth time; absent = it is to be started. */
  redrive: z.number().int().positive().optional(),
});
export type RunRequest = z.infer<typeof RunRequest>;

/** The backfill that its end counts for. */
export const backfillOf = ({ reason, group, backfill }: Pick<RunRequest, "reason" | "group" | "backfill">) =>
  backfill ?? (reason === "backfill" ? group : undefined);

/** Step Functions allows 80 characters; the number may take 10 of them. */
const SLUG_MAX = 48;
const DIGEST_CHARS = 16;

/** Everything of the item's execution names but the number; 64 bits of digest keep two items apart. */
export function executionPrefix({ asset, partition }: ItemKey): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([asset, partition]))
    .digest("hex");
  const words = `${asset.split("/").at(-1) ?? ""}-${partition}`.replace(/[^A-Za-z0-9]+/g, "-");
  const slug = words.slice(0, SLUG_MAX).replace(/^-+|-+$/g, "");
  return `${slug === "" ? "item" : slug}-${digest.slice(0, DIGEST_CHARS)}-`;
}

/** Name of the execution of one request: at most 80 characters of `[A-Za-z0-9-]`. */
export const executionName = (key: ItemKey, number: number): string => `${executionPrefix(key)}${number}`;

/** Number of the item's own request that has this execution name; undefined = another's. */
export function requestNumber(key: ItemKey, name: string): number | undefined {
  const prefix = executionPrefix(key);
  const number = Number(name.slice(prefix.length));
  return name.startsWith(prefix) && name === `${prefix}${number}` && Number.isSafeInteger(number) ? number : undefined;
}
