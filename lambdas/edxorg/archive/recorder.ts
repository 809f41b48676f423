import type { Io } from "../../../core/io/ports.ts";
import { memberRecord } from "./keys.ts";
import { recordOf } from "./manifest.ts";
import type { ManifestRow, Status } from "./manifest-row.ts";
import { findRecord, judge, type MemberRecord } from "./member-record.ts";
import { partWrite, readParts, type ArchiveVersion } from "./progress.ts";
import { givenAway, removeSpooled } from "./output-spool.ts";
import type { BegunMember, ReadMember } from "./read-member.ts";
import { Uploads } from "./uploads.ts";

/** A transaction has at most 100 writes: a part, and a record for each of its rows. */
const ROWS_PER_PART = 90;
/** What a killed worker has to do again, at most. */
const BYTES_PER_PART = 16 * 1_048_576;
const MS_PER_PART = 1_000;

const UPLOADS = 16;
const UPLOAD_BYTES = 64 * 1_048_576;

export interface RecorderHome {
  readonly io: Pick<Io, "objects" | "ledger">;
  readonly bucket: string;
  readonly of: ArchiveVersion;
  /** Of objects, beside what each member adds. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A row that an earlier attempt has put on record, as far as it is compared with the archive. */
export type Known = Pick<ManifestRow, "member" | "size" | "member_sha256">;

interface PendingMember {
  readonly read: Promise<ReadMember>;
  /** When its object is put. */
  readonly done: Promise<void>;
}

/** Puts objects, and on record what became of each member, in the order of the archive. */
export class Recorder {
  readonly known: Known[] = [];
  readonly counts = new Map<Status, number>();
  readonly refused = new Map<string, number>();
  /** `<pk> <sk>` of the partitions that the archive holds. */
  readonly present = new Set<string>();
  readonly #home: RecorderHome;
  readonly #uploads = new Uploads(UPLOADS, UPLOAD_BYTES);
  #pending: PendingMember[] = [];
  #recording = Promise.resolve();
  #bytes = 0;
  #since = Date.now();
  #parts = 0;

  private constructor(home: RecorderHome) {
    this.#home = home;
  }

  static async open(home: RecorderHome): Promise<Recorder> {
    const recorder = new Recorder(home);
    for await (const rows of readParts(home.io.ledger, home.of)) {
      recorder.#parts += 1;
      for (const row of rows) {
        const { member, size, member_sha256 } = row;
        recorder.known.push({ member, size, member_sha256 });
        recorder.#count(row);
      }
    }
    return recorder;
  }

  /** Waits for room, not for the member: what became of it is on record after a later call, at last after `flush`. */
  async add({ sizeBytes, read }: BegunMember): Promise<void> {
    // It may fail before there is room, when nobody waits for it yet.
    read.catch(() => undefined);
    const { done } = await this.#uploads.begin(sizeBytes, async () => this.#put(await read));
    done.catch(() => undefined);
    this.#pending.push({ read, done });
    this.#bytes += sizeBytes;
    const isDue = this.#bytes >= BYTES_PER_PART || Date.now() - this.#since >= MS_PER_PART;
    if (isDue || this.#pending.length >= ROWS_PER_PART) await this.#closePart();
  }

  /** Afterwards everything that was added is on record. */
  async flush(): Promise<void> {
    await this.#closePart();
    await this.#recording;
  }

  /** One part is recorded while the next one is read. */
  async #closePart(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    this.#since = Date.now();
    await this.#recording;
    if (pending.length === 0) return;
    this.#recording = this.#recordPart(pending);
    this.#recording.catch(() => undefined);
  }

  async #recordPart(pending: readonly PendingMember[]): Promise<void> {
    await Promise.all(pending.map(({ done }) => done));
    await this.#record(await Promise.all(pending.map(({ read }) => read)));
  }

  /** No put is under way afterwards, whatever became of them. */
  async settle(): Promise<void> {
    await this.#uploads.settle();
  }

  async #record(reads: readonly ReadMember[]): Promise<void> {
    const { io, of } = this.#home;
    const before = await Promise.all(
      reads.map(async ({ name }) => (name === undefined ? undefined : findRecord(io.ledger, name))),
    );
    const now = new Date().toISOString();
    const rows: ManifestRow[] = [];
    const records = new Map<string, { readonly place: { pk: string; sk: string }; readonly data: MemberRecord }>();
    for (const [index, { row: draft, name }] of reads.entries()) {
      if (name === undefined) {
        rows.push({ ...draft, status: draft.status === "stored" ? "malformed" : draft.status });
        continue;
      }
      const place = memberRecord(name);
      const id = `${place.pk} ${place.sk}`;
      const { row, record } = judge(draft, name, records.get(id)?.data ?? before[index], of, now);
      rows.push(row);
      if (record !== undefined) records.set(id, { place, data: record });
    }
    const puts = [...records.values()].map(({ place, data }) => ({
      put: { ...place, data },
      if: { any: true as const },
    }));
    await io.ledger.write([partWrite(of, this.#parts, rows), ...puts]);
    this.#parts += 1;
    for (const row of rows) this.#count(row);
  }

  async #put({ file, row, name }: ReadMember): Promise<void> {
    const { io, bucket, metadata } = this.#home;
    const key = row.object_key;
    if (file === undefined || name === undefined || key === null) return;
    const member = row.member.slice(row.member.lastIndexOf("/") + 1);
    const own = { course_id: name.courseId, source: name.source, member };
    const dialect = row.dialect === undefined ? {} : { dialect: String(row.dialect) };
    try {
      // Create-only would also leave it alone, after all its bytes were sent.
      if ((await io.objects.head({ bucket, key })) !== undefined) return;
      await io.objects.put(bucket, key, givenAway(file), {
        ifAbsent: true,
        metadata: { ...metadata, ...own, ...dialect },
      });
    } finally {
      await removeSpooled(file);
    }
  }

  #count(row: ManifestRow): void {
    this.counts.set(row.status, (this.counts.get(row.status) ?? 0) + 1);
    if (row.status === "unmatched" && row.reason !== undefined) {
      this.refused.set(row.reason, (this.refused.get(row.reason) ?? 0) + 1);
    }
    const place = recordOf(row);
    if (place !== undefined) this.present.add(`${place.pk} ${place.sk}`);
  }
}
