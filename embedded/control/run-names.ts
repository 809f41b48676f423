import { randomBytes } from "node:crypto";
import * as z from "zod";

/** Names that AWS takes and its log groups can show. */
const LONGEST = 80;
const NOT_PLAIN = /[^A-Za-z0-9_]+/g;
/** What tells runs of one subject apart: a request's digest and number, the starter's hash, or what the functions below add. */
const ENDING = /-(?:[0-9a-f]{16}-\d+|[0-9a-f]{12}|(?:again|by-hand)-[0-9a-f]{8})$/;

const Input = z.looseObject({
  job: z.string().optional(),
  key: z.string().optional(),
  asset: z.string().optional(),
  partition: z.string().optional(),
});

/** A run that a person starts: its job and what it works on. Other than an event, the same may be asked for twice. */
export function nameByHand(input: unknown): string {
  const { job = "run", key, asset, partition } = Input.safeParse(input).data ?? {};
  const subject = [job, key?.replace(/(?:\.[a-z]{2,4})+$/, ""), asset, partition].filter((part) => part !== undefined);
  return ended(subject.join("-"), "by-hand");
}

/** A run that repeats another. */
export const nameAgain = (name: string): string => ended(name.replace(ENDING, ""), "again");

function ended(text: string, how: string): string {
  const ending = `-${how}-${randomBytes(4).toString("hex")}`;
  const room = LONGEST - ending.length;
  const plain = text.replaceAll(NOT_PLAIN, "-");
  // Of a long one both ends, as the starter does it: the deployment and the file say more than the folders between.
  const half = Math.floor(room / 2) - 1;
  return (plain.length <= room ? plain : `${plain.slice(0, half)}--${plain.slice(-half)}`) + ending;
}
