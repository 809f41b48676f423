import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { deliveryKey, type DeliveryIdentity } from "./delivery-key.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

/** `pk delivery, sk <delivery key>` */
export const Delivery = z.object({
  /** `superseded`: a newer version of the subject was announced first. `blocked`: refused, a repeat changes nothing. */
  state: z.enum(["pending", "delivered", "blocked", "superseded"]),
  source: z.string(),
  subject: z.string(),
  url: z.string(),
  /** The exact text that was signed. */
  body: z.string(),
  /** Content digest. */
  version: z.string(),
  /** Counted before each sending. */
  attempts: z.number().int(),
  lastCode: z.string().nullable(),
  reply: z.string().nullable(),
  createdAt: z.string(),
  deliveredAt: z.string().nullable(),
  /** Names the secret's version without showing it: a blocked delivery is tried again with another one. */
  secretMark: z.string(),
  /** The latest run that a person had send it again. */
  again: z.string().optional(),
});
export type Delivery = z.infer<typeof Delivery>;

const PK = "delivery";

export async function readDelivery(ledger: Ledger, key: string): Promise<Delivery | undefined> {
  const item = await ledger.get(PK, key);
  return item === undefined ? undefined : Delivery.parse(item.data);
}

export async function writeDelivery(ledger: Ledger, key: string, delivery: Delivery): Promise<void> {
  await ledger.write([{ put: { pk: PK, sk: key, data: delivery }, if: { any: true } }]);
}

/** `pk delivery-subject, sk <source>#<subject>`: the newest version that anyone asked to deliver. */
const Newest = z.object({
  key: z.string(),
  askedAt: z.string(),
  /** When anyone asked first; absent = longer ago than this was kept. */
  firstAt: z.string().exactOptional(),
});

export interface NewestDelivery {
  readonly key: string;
  readonly askedAt: string;
  readonly firstAt?: string;
  readonly rev: number;
}

const SUBJECTS = "delivery-subject";

export async function newestDelivery(
  ledger: Ledger,
  source: string,
  subject: string,
): Promise<NewestDelivery | undefined> {
  const item = await ledger.get(SUBJECTS, `${source}#${subject}`);
  return item === undefined ? undefined : { ...Newest.parse(item.data), rev: item.rev };
}

interface RecordedNewest extends Pick<NewestDelivery, "key" | "askedAt"> {
  readonly source: string;
  readonly subject: string;
  readonly firstAt: string | undefined;
}

/** Throws Conflict `stale_item` when somebody else asked meanwhile. */
export async function recordNewest(
  ledger: Ledger,
  { source, subject, key, askedAt, firstAt }: RecordedNewest,
  before: NewestDelivery | undefined,
): Promise<void> {
  const condition = ifUnchanged(before);
  const data = { key, askedAt, ...(firstAt === undefined ? {} : { firstAt }) };
  await ledger.write([{ put: { pk: SUBJECTS, sk: `${source}#${subject}`, data }, if: condition }]);
}

/** MIT Learn has this version, and was told of no other since. */
export async function isTold(ledger: Ledger, identity: DeliveryIdentity): Promise<boolean> {
  const key = deliveryKey(identity);
  if ((await newestDelivery(ledger, identity.source, identity.subject))?.key !== key) return false;
  return (await readDelivery(ledger, key))?.state === "delivered";
}
