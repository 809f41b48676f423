import type { ObjectHead } from "../ports.ts";

/** What an origin says of one object. */
export interface OriginObject {
  readonly name: string;
  readonly sizeBytes: number;
  /** Generation or ETag: another content has another one, and perhaps the same content too. */
  readonly version: string;
  /** Hex. Absent = the origin states none. */
  readonly md5?: string;
  /** As Google writes it: base64 of the big-endian sum. Absent = the origin states none. */
  readonly crc32c?: string;
  readonly updated: Date;
}

/**
 * A store of somebody else's that is read and never written. Failures are of the closed set: Misconfigured for what an
 * operator has to put right (secret, bucket, permission to list), Rejected for what the origin does not let us read, Transient
 * `origin_object_changed` when the object is no longer of the version that was listed.
 */
export interface Origin {
  readonly id: string;
  /** For records and messages: `gs://bucket/name`. */
  uri(name: string): string;
  /** Page by page, by name as a rule; a name may come twice. Whoever has read to the end has a complete list. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<readonly OriginObject[]>;
  /** Bytes `start` to `end`, inclusive, of this very version: all of them, as they are stored. */
  read(
    object: Pick<OriginObject, "name" | "version" | "sizeBytes">,
    range: { readonly start: number; readonly end: number },
    signal?: AbortSignal,
  ): Promise<Buffer>;
  /** The store's own copy of this version; absent = it can make none for us. */
  readonly copy?: (object: Pick<OriginObject, "name" | "version">, bucket: string, key: string) => Promise<ObjectHead>;
}
