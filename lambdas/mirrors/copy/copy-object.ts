import { createHash } from "node:crypto";
import type { Lease } from "../../../core/io/lease.ts";
import type { Origin, OriginObject } from "../../../core/io/origins.ts";
import type { Io, ObjectHead, UploadedPart } from "../../../core/io/ports.ts";
import { crc32c, crc32cText } from "../../../core/model/crc32c.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import type { Copied, UnderWay } from "./records.ts";

const MIB = 1_048_576;
/** Ranges under way at once: half of them are read while the others are written. */
const AT_ONCE = 4;

export interface PartSizes {
  readonly small: number;
  readonly large: number;
  /** More parts of a size would not fit into the ledger's item, which holds at most 400 KB. */
  readonly most: number;
}
export const PARTS: PartSizes = { small: 16 * MIB, large: 64 * MIB, most: 3_500 };

export interface Copying {
  readonly io: Pick<Io, "objects">;
  readonly origin: Origin;
  readonly object: OriginObject;
  readonly to: { readonly bucket: string; readonly key: string };
  /** Where an earlier copy of this version stands. */
  readonly underWay: UnderWay | undefined;
  /** Keeps how far it is; whoever is started next goes on there. */
  readonly save: (underWay: UnderWay) => Promise<void>;
  readonly lease: Pick<Lease, "signal">;
  readonly isOver: () => boolean;
  readonly parts?: PartSizes;
}

/** Undefined = the time was over; how far it came is saved. */
export type CopyResult = Pick<Copied, "etag" | "verified"> | undefined;

/**
 * One object, streamed: a few ranges are in memory, nothing is on a disk, and nobody sees the copy before its sum is known
 * to be the origin's. Throws Transient `origin_checksum_mismatch`, Rejected `origin_object_too_large`, and what the origin does.
 */
export async function copyObject(copying: Copying): Promise<CopyResult> {
  const { io, origin, object, to, parts = PARTS, lease } = copying;
  const { bucket, key } = to;
  if (origin.copy !== undefined) {
    const { etag } = await origin.copy(object, bucket, key);
    return { etag, verified: "store" };
  }
  const partBytes = partBytesOf(object, origin, parts);
  if (object.sizeBytes <= partBytes) {
    const range = { start: 0, end: object.sizeBytes - 1 };
    const bytes = object.sizeBytes === 0 ? Buffer.alloc(0) : await origin.read(object, range, lease.signal);
    const md5 = createHash("md5").update(bytes).digest("hex");
    const verified = verify(origin, object, crc32c(bytes), md5);
    const { head } = await io.objects.put(bucket, key, bytes, { metadata: metadataOf(origin, object) });
    return { etag: head.etag, verified };
  }
  return inParts(copying, partBytes);
}

async function inParts(copying: Copying, partBytes: number): Promise<CopyResult> {
  const { io, origin, object, to, save, lease, isOver } = copying;
  const { sizeBytes } = object;
  const isSame = copying.underWay?.version === object.version && copying.underWay.partBytes === partBytes;
  const begun = isSame ? copying.underWay : undefined;
  const upload =
    begun?.upload ?? (await io.objects.beginUpload(to.bucket, to.key, { metadata: metadataOf(origin, object) }));
  const parts: UploadedPart[] = [...(begun?.parts ?? [])];
  let sum = begun?.crc32c ?? 0;
  // Of a copy in two sittings only the sum that goes on from four bytes is known.
  const md5 = begun === undefined ? createHash("md5") : undefined;
  const count = Math.ceil(sizeBytes / partBytes);
  const readFrom = (first: number): Promise<Buffer[]> => {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => first + index);
    const reading = Promise.all(
      numbers.map((number) =>
        origin.read(
          object,
          { start: number * partBytes, end: Math.min((number + 1) * partBytes, sizeBytes) - 1 },
          lease.signal,
        ),
      ),
    );
    // Whoever awaits it hears of the failure.
    reading.catch(() => undefined);
    return reading;
  };
  let ahead = parts.length < count ? readFrom(parts.length) : undefined;
  try {
    while (ahead !== undefined) {
      const ranges = await ahead;
      const first = parts.length;
      const next = first + ranges.length;
      const stops = next < count && isOver();
      ahead = next < count && !stops ? readFrom(next) : undefined;
      lease.signal.throwIfAborted();
      for (const bytes of ranges) {
        sum = crc32c(bytes, sum);
        md5?.update(bytes);
      }
      parts.push(
        ...(await Promise.all(ranges.map((bytes, index) => io.objects.putPart(upload, first + index + 1, bytes)))),
      );
      await save({ version: object.version, upload, partBytes, parts: parts.slice(), crc32c: sum });
      if (stops) return undefined;
    }
    const verified = verify(origin, object, sum, md5?.digest("hex"));
    const head: ObjectHead = await io.objects.completeUpload(upload, parts);
    return { etag: head.etag, verified };
  } catch (error) {
    // It was left alone for two days: from the start.
    if (begun === undefined || !isFailure(error) || error.code !== "upload_gone") throw error;
    return inParts({ ...copying, underWay: undefined }, partBytes);
  }
}

function partBytesOf({ name, sizeBytes }: OriginObject, origin: Origin, { small, large, most }: PartSizes): number {
  const partBytes = [small, large].find((one) => sizeBytes <= one * most);
  if (partBytes !== undefined) return partBytes;
  throw new Failure("Rejected", `${origin.uri(name)} has ${sizeBytes} bytes; at most ${large * most} are copied.`, {
    code: "origin_object_too_large",
    what: `copy ${origin.uri(name)}`,
    hint: "Have its owner deliver it in pieces.",
  });
}

function verify(
  origin: Origin,
  object: Pick<OriginObject, "name" | "crc32c" | "md5">,
  crc: number,
  md5: string | undefined,
): Copied["verified"] {
  const compare = (kind: "crc32c" | "md5", stated: string, found: string): Copied["verified"] => {
    if (stated === found) return kind;
    const uri = origin.uri(object.name);
    throw new Failure(
      "Transient",
      `${uri} has the ${kind} ${found} as it was read, and ${stated} as its owner states it.`,
      {
        code: "origin_checksum_mismatch",
        what: `copy ${uri}`,
        hint: "It is read again by itself; if it stays so, the origin states a wrong sum or gives other bytes.",
      },
    );
  };
  if (object.crc32c !== undefined) return compare("crc32c", object.crc32c, crc32cText(crc));
  if (object.md5 !== undefined && md5 !== undefined) return compare("md5", object.md5, md5);
  return "length";
}

/** S3 keeps 2 KB, in ASCII. */
function metadataOf(origin: Origin, { name, version }: Pick<OriginObject, "name" | "version">): Record<string, string> {
  const uri = encodeURI(origin.uri(name));
  const metadata = { "origin-version": version.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 200) };
  return uri.length > 1_500 ? metadata : { ...metadata, "origin-uri": uri };
}
