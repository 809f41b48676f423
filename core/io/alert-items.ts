import { createHash } from "node:crypto";
import * as z from "zod";
import { AlertRecord } from "../model/alerts/alert-record.ts";
import { AlertSubject } from "../model/alerts/subject.ts";
import { Storm } from "../model/alerts/storm.ts";
import { AlertWindow } from "../model/alerts/window.ts";
import type { Ledger, LedgerPut } from "./ports.ts";

/** Alerts are history for people; their windows and subjects matter for as long as somebody may look. */
const KEEP_DAYS = 400;

/** An item with the revision that a write of it must find; absent items have none. */
export interface Held<T> {
  readonly pk: string;
  readonly sk: string;
  readonly rev: number | undefined;
  readonly data: T;
}

/** The families of items; `alert` is listed by time, the others are looked up. */
const FAMILIES = {
  /** sk `<event time>#<event id>` */
  alert: AlertRecord,
  /** sk: fingerprint key */
  "alert-window": AlertWindow,
  /** sk: subject key */
  "alert-subject": AlertSubject,
  /** sk: environment */
  "alert-storm": Storm,
  /** sk: run key; there is one when the run was announced */
  "alert-run": z.object({ alert: z.string() }),
} as const;
type Families = typeof FAMILIES;
type DataOf<F extends keyof Families> = z.infer<Families[F]>;

export async function hold<F extends keyof Families>(
  ledger: Ledger,
  pk: F,
  sk: string,
): Promise<Held<DataOf<F>> | undefined> {
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : { pk, sk, rev: item.rev, data: parse(pk, item.data) };
}

function parse<F extends keyof Families>(pk: F, data: unknown): DataOf<F>;
function parse(pk: keyof Families, data: unknown): unknown {
  return FAMILIES[pk].parse(data);
}

/** An item that does not exist yet. */
export const unheld = <F extends keyof Families>(pk: F, sk: string, data: DataOf<F>): Held<DataOf<F>> => ({
  pk,
  sk,
  rev: undefined,
  data,
});

export const put = <T>({ pk, sk, rev }: Held<T>, data: T, now: number): LedgerPut => ({
  put: { pk, sk, data, expiresAt: Math.floor(now / 1_000) + KEEP_DAYS * 86_400 },
  if: rev === undefined ? { absent: true } : { rev },
});

/** Times in milliseconds and UTC, however the sender wrote them: their byte order is that of time. */
export const alertSk = ({ id, at }: { readonly id: string; readonly at: string }): string =>
  `${new Date(at).toISOString()}#${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
