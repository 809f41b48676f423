import type { Readable } from "node:stream";
import type { DomainEvent } from "../model/events.ts";

/** The ports to the outside. Each has an AWS and an embedded adapter and one contract suite that both pass. */

export interface ObjectRef {
  readonly bucket: string;
  readonly key: string;
  /** Absent = the current version. */
  readonly versionId?: string;
}

/** What a listing knows of an object: S3 lists neither version ids nor metadata, `head` has them. */
export interface ListedObject {
  readonly bucket: string;
  readonly key: string;
  /** Changes with the content; the MD5 in hex only for objects that were written in one piece. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModified: Date;
}

export interface ObjectHead extends ListedObject {
  readonly versionId: string;
  /** Names in lower case, printable ASCII, at most 2 KB together. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PutOptions {
  /** Create only: an existing key is left alone and reported with `created: false`. */
  readonly ifAbsent?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

/** A large object that is made in parts and outlives the process that began it: whoever knows it may go on. */
export interface ObjectUpload {
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
}

export interface UploadedPart {
  /** 1 to 10,000. */
  readonly number: number;
  readonly sizeBytes: number;
  /** What the store gave for it; opaque. */
  readonly receipt: string;
}

/** A closed file that is given away: a store on the same disk moves it instead of copying its bytes. */
export interface FileBody {
  readonly path: string;
  /** Of its bytes, in hex; a store that does not read them takes it for the ETag. */
  readonly digest: string;
}

export type ObjectBody = Uint8Array | string | Readable | FileBody;

export interface Objects {
  /** Writes whole objects only: a reader never sees a part. A stream is spooled, never buffered whole. */
  put(
    bucket: string,
    key: string,
    body: ObjectBody,
    options?: PutOptions,
  ): Promise<{ readonly head: ObjectHead; readonly created: boolean }>;
  /** Whether a file that is given away becomes the object itself; otherwise its bytes are read once more and sent. */
  movesFiles(): Promise<boolean>;
  head(ref: ObjectRef): Promise<ObjectHead | undefined>;
  /** Raw bytes, no transparent decompression. Throws Rejected `object_missing`. `end` is inclusive. */
  get(ref: ObjectRef, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** Current versions in byte order of the UTF-8 key; `next` is the `after` of the next page. At most 1,000 a page. */
  list(
    bucket: string,
    prefix: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly next?: string }>;
  /** Runs `use` with a local path of the object's bytes; the path is valid only inside and is read-only. */
  withFile<T>(ref: ObjectRef, use: (path: string) => Promise<T>): Promise<T>;
  /**
   * What SQL reads the current version by: `s3://bucket/key`, or a path on one machine.
   * Throws Conflict `version_not_current` when the reference names another version.
   */
  sqlUri(ref: ObjectRef): Promise<string>;
  /** Nothing can be read under the key before `completeUpload`. One that is left alone goes after two days. */
  beginUpload(bucket: string, key: string, options?: Omit<PutOptions, "ifAbsent">): Promise<ObjectUpload>;
  /**
   * Keeps one part, of at least 5 MiB unless it is the last; the same number again replaces it.
   * Throws Conflict `upload_gone` when the upload was completed or is no more.
   */
  putPart(upload: ObjectUpload, number: number, body: Uint8Array): Promise<UploadedPart>;
  /**
   * Makes the object of these parts, at least one, in the order of their numbers. Asked again it answers with what it
   * has made. Throws Conflict `upload_gone`.
   */
  completeUpload(upload: ObjectUpload, parts: readonly UploadedPart[]): Promise<ObjectHead>;
  /** Copies the bytes and the metadata on the store's side, whatever their size. Throws Rejected `object_missing`. */
  copy(from: ObjectRef, bucket: string, key: string, options?: { readonly contentType?: string }): Promise<ObjectHead>;
}

export interface LedgerItem<T = unknown> {
  readonly pk: string;
  readonly sk: string;
  /** Counts from 1; every write raises it. */
  readonly rev: number;
  /** Epoch seconds after which the item may vanish. */
  readonly expiresAt?: number;
  readonly data: T;
}

export type LedgerCondition = { readonly absent: true } | { readonly rev: number } | { readonly any: true };

export interface LedgerPut {
  readonly put: { readonly pk: string; readonly sk: string; readonly data: unknown; readonly expiresAt?: number };
  readonly if: LedgerCondition;
}
export interface LedgerDelete {
  readonly delete: { readonly pk: string; readonly sk: string };
  readonly if: LedgerCondition;
}
export type LedgerWrite = LedgerPut | LedgerDelete;

/** Orchestration state: conditional writes on items of at most 400 KB, strongly consistent reads. */
export interface Ledger {
  get(pk: string, sk: string): Promise<LedgerItem | undefined>;
  /** All or nothing, at most 100 writes. A condition that does not hold throws Conflict `stale_item`. */
  write(writes: readonly LedgerWrite[]): Promise<void>;
  /** Items of one partition in byte order of `sk`, at most 1,000 a page; a short page may still have a `next`. */
  query(
    pk: string,
    options?: {
      readonly prefix?: string;
      readonly after?: string;
      readonly limit?: number;
      readonly descending?: boolean;
    },
  ): Promise<{ readonly items: readonly LedgerItem[]; readonly next?: string }>;
}

export interface Bus {
  /** At least once; consumers de-duplicate by the event's id. */
  publish(events: readonly DomainEvent[]): Promise<void>;
}

export interface Secrets {
  /**
   * Fields of one secret role, as they were at most five minutes ago; `fresh` = as they are now, for whoever was just
   * refused with the ones of before. Throws Misconfigured `secret_missing` that names the role.
   */
  read(role: string, options?: { readonly fresh?: boolean }): Promise<Readonly<Record<string, string>>>;
}

/** Call-backs of long tasks. A token whose execution has ended throws Conflict `task_gone`. */
export interface TaskTokens {
  succeed(token: string, output: unknown): Promise<void>;
  fail(token: string, error: string, cause: string): Promise<void>;
  heartbeat(token: string): Promise<void>;
}

/** One execution of a domain's state machine; the name is unique for the machine, for at least 90 days. */
export interface ExecutionId {
  readonly domain: string;
  /** 1 to 80 of `[A-Za-z0-9_-]`. */
  readonly name: string;
}

export const EXECUTION_STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const;

export interface ExecutionState {
  readonly status: (typeof EXECUTION_STATUSES)[number];
  readonly startedAt: Date;
  readonly endedAt?: Date;
  /** JSON, of one that succeeded. */
  readonly output?: string;
  /** Of a failed or stopped one, as its machine or whoever stopped it has said. */
  readonly error?: string;
  readonly cause?: string;
  /** How often it was continued after its end; absent = never. */
  readonly redrives?: number;
}

export interface Executions {
  /**
   * Starts it unless it has been started: the same name with the same input is a success, whether it runs still or has
   * ended. Throws Conflict `execution_taken` for other input, Misconfigured `machine_missing` for an unknown domain.
   */
  start(execution: ExecutionId & { readonly input: unknown }): Promise<void>;
  /** Undefined = it was never started, or so long ago that it is forgotten. */
  describe(execution: ExecutionId): Promise<ExecutionState | undefined>;
  /**
   * Has one that ended without success go on from where it stands, under its name, the `count`th time; one that has gone
   * on so often already stays as it is. Throws Rejected `not_redrivable`.
   */
  redrive(execution: ExecutionId & { readonly count: number }): Promise<void>;
  /** Ends it as ABORTED. One that has ended or was never started stays as it is. */
  stop(execution: ExecutionId & { readonly error: string; readonly cause: string }): Promise<void>;
}

/** How the lake is reached; the DuckDB session that uses it is `core/io/lake.ts`. */
export interface LakeTarget {
  /** `CREATE SECRET` / `ATTACH` options of the home, ready to run in order; the catalog is attached as `lake`. */
  readonly attachSql: readonly string[];
  /** Extensions that must be loaded first. */
  readonly extensions: readonly string[];
  /**
   * Where new tables get a folder each, for a catalogue (Glue's) that wants to be told the place, keeps a dropped
   * table's files and renames no table; absent = the catalogue chooses, deletes and renames.
   */
  readonly tablesAt?: string;
  /** Folders or URL prefixes with the tables' files: all that a read-only session may read. */
  readonly dataRoots: readonly string[];
  /** The current snapshot of a table as the catalogue states it, or undefined for no table or no snapshot. */
  currentSnapshot(namespace: string, table: string): Promise<LakeSnapshot | undefined>;
}

export interface LakeSnapshot {
  readonly snapshotId: string;
  readonly parentSnapshotId?: string;
  readonly committedAt: Date;
  readonly summary: Readonly<Record<string, string>>;
  /** All snapshot ids in the table's present history, newest first. */
  readonly history: readonly string[];
}

export interface Io {
  readonly objects: Objects;
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly secrets: Secrets;
  readonly tokens: TaskTokens;
  readonly executions: Executions;
  readonly lake: LakeTarget;
}
