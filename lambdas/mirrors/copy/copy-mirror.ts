import type { Lease } from "../../../core/io/lease.ts";
import type { OpenedOrigin, OriginObject } from "../../../core/io/origins.ts";
import type { Io } from "../../../core/io/ports.ts";
import { isFailure, type Failure } from "../../../core/model/failures.ts";
import type { Mirror } from "../sources/mirrors.ts";
import { choose, type Chosen, type Days } from "./choose.ts";
import { copyObject, type PartSizes } from "./copy-object.ts";
import { recordsOf, writeRecord, type MirrorRecord } from "./records.ts";

export interface Mirroring extends OpenedOrigin {
  readonly io: Pick<Io, "objects" | "ledger">;
  readonly mirror: Mirror;
  /** Of the copies. */
  readonly bucket: string;
  readonly days: Days;
  readonly lease: Pick<Lease, "signal">;
  readonly run: string;
  /** Epoch milliseconds. */
  readonly until: number;
  readonly now: () => number;
  readonly parts?: PartSizes;
}

export interface Mirrored {
  /** Of which the mirror knows what to do. */
  readonly listed: number;
  /** Here as they are. */
  readonly known: number;
  readonly copied: number;
  readonly bytes: number;
  /** Another version of the same content: nothing was copied, and nobody is told. */
  readonly same: number;
  /** Older than what counts by itself. */
  readonly early: number;
  /** Names that no object of ours may have. */
  readonly unkeyable: { readonly count: number; readonly names: readonly string[] };
  readonly failed: readonly { readonly key: string; readonly name: string; readonly code: string }[];
  /** The time was over before the list was. */
  readonly more: boolean;
}

/** In a row; after that it is no fault of the objects. */
const FAILURES = 5;
const SHOWN = 20;

/**
 * Copies what of an origin is not here, object by object in the order of the list, and keeps a record of each that has
 * succeeded. One that fails does not stop the others, unless their order counts. Throws what no other object would be
 * spared, and the failure of the first one if not one could be copied.
 */
export async function copyMirror(mirroring: Mirroring): Promise<Mirrored> {
  const { io, mirror, origin, declared, days, lease, until, now } = mirroring;
  const counts = { listed: 0, known: 0, copied: 0, bytes: 0, same: 0, early: 0 };
  const unkeyable = { count: 0, names: new Array<string>() };
  const failed: { key: string; failure: Failure }[] = [];
  let inRow = 0;
  const report = (more: boolean): Mirrored => {
    const [first] = failed;
    if (first !== undefined && counts.copied === 0) throw first.failure;
    const listed = failed.slice(0, SHOWN).map(({ key, failure: { name, code } }) => ({ key, name, code }));
    return { ...counts, unkeyable, failed: listed, more };
  };

  for await (const page of origin.list(declared.prefix ?? mirror.prefix, lease.signal)) {
    const chosen: Chosen[] = [];
    for (const object of page) {
      const choice = choose(mirror, declared, object, days);
      if ("chosen" in choice) chosen.push(choice.chosen);
      if ("unkeyable" in choice) {
        unkeyable.count += 1;
        if (unkeyable.names.length < SHOWN) unkeyable.names.push(object.name.slice(0, 200));
      }
    }
    const names = chosen.map(({ object }) => object.name);
    const records = new Map(await recordsOf(io.ledger, mirror.id, names));
    for (const one of chosen) {
      const { object } = one;
      const record = records.get(object.name) ?? {};
      counts.listed += 1;
      if (record.copied?.version === object.version) counts.known += 1;
      else if (record.copied === undefined && one.early) counts.early += 1;
      else {
        if (now() >= until) return report(true);
        try {
          const done = await bring(mirroring, one, record);
          if (done === "more") return report(true);
          counts[done] += 1;
          if (done === "copied") counts.bytes += object.sizeBytes;
          // A list may name it twice.
          records.set(object.name, { copied: copiedOf(mirroring, one, { etag: "", verified: "length" }) });
          inRow = 0;
        } catch (error) {
          lease.signal.throwIfAborted();
          if (!isFailure(error) || error.name === "Misconfigured" || error.name === "Throttled") throw error;
          failed.push({ key: object.name, failure: error });
          inRow += 1;
          if (mirror.inOrder === true || inRow >= FAILURES) return report(false);
        }
      }
    }
  }
  return report(false);
}

async function bring(mirroring: Mirroring, one: Chosen, record: MirrorRecord): Promise<"copied" | "same" | "more"> {
  const { io, mirror, origin, bucket, lease, until, now, parts } = mirroring;
  const { object, key } = one;
  const { copied } = record;
  const write = (next: MirrorRecord): Promise<void> => writeRecord(io.ledger, mirror.id, object.name, next);
  if (copied !== undefined && copied.key === key && isSameContent(copied, object)) {
    await write({ copied: { ...copied, version: object.version, updated: object.updated.toISOString() } });
    return "same";
  }
  const before = copied === undefined ? {} : { copied };
  const result = await copyObject({
    ...{ io, origin, object, lease, underWay: record.underWay, to: { bucket, key } },
    ...(parts === undefined ? {} : { parts }),
    save: (underWay) => write({ ...before, underWay }),
    isOver: () => now() >= until,
  }).catch(async (error: unknown) => {
    // What was read is not what is there: the next attempt begins anew.
    if (isFailure(error) && error.code === "origin_checksum_mismatch") await write(before);
    throw error;
  });
  if (result === undefined) return "more";
  await write({ copied: copiedOf(mirroring, one, result) });
  return "copied";
}

function copiedOf(
  { origin, run, now }: Mirroring,
  { object, key }: Chosen,
  result: Pick<NonNullable<MirrorRecord["copied"]>, "etag" | "verified">,
): NonNullable<MirrorRecord["copied"]> {
  const { name, version, sizeBytes, md5, crc32c, updated } = object;
  return {
    ...{ uri: origin.uri(name), version, sizeBytes, updated: updated.toISOString(), key },
    ...(md5 === undefined ? {} : { md5 }),
    ...(crc32c === undefined ? {} : { crc32c }),
    ...{ ...result, at: new Date(now()).toISOString(), run },
  };
}

/** By its MD5 only: two contents of one length may well share the 32 bits of the other sum. */
const isSameContent = (copied: { readonly md5?: string }, { md5 }: Pick<OriginObject, "md5">): boolean =>
  md5 !== undefined && copied.md5 === md5;
