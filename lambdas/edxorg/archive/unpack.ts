import type { Header } from "tar-stream";
import type { Io, ObjectHead } from "../../../core/io/ports.ts";
import { recordQuarantine } from "../../../core/io/quarantine.ts";
import type { Settings } from "../../../core/io/settings.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import { ByteSource } from "../../archive/byte-source.ts";
import { GZIP_MAGIC, gunzip } from "../../archive/gunzip.ts";
import { malformed } from "../../archive/malformed.ts";
import { readTar } from "../../archive/read-tar.ts";
import { chunkBytes } from "../../../core/io/chunk.ts";
import { EDXORG_ARCHIVE_CODE } from "../sources/code-versions.ts";
import { recordArchive, type ArchiveRecord } from "./archive-record.ts";
import type { EdxorgLimits } from "./limits.ts";
import { findMissing, writeManifest, type ManifestFooter } from "./manifest.ts";
import { shortName } from "./manifest-row.ts";
import { objectBytes } from "./object-bytes.ts";
import { forgetParts } from "./progress.ts";
import { MemberReader } from "./read-member.ts";
import { Recorder } from "./recorder.ts";
import type { RowHash } from "./row-hash.ts";
import { takesDirectWrites } from "./write-pieces.ts";

const TAR_BLOCK = 512;
const TAR_END = 2 * TAR_BLOCK;

export interface Unpacking {
  readonly io: Pick<Io, "objects" | "ledger">;
  readonly buckets: Settings["buckets"];
  readonly object: ObjectHead;
  /** Its partition: `mitx-2026-01-04.tar.gz`. */
  readonly archive: string;
  /** An existing empty directory, removed by the caller. */
  readonly folder: string;
  readonly rowHash: RowHash;
  readonly limits: EdxorgLimits;
  readonly runId: string;
}

/**
 * Unpacks one archive as a stream, in memory that does not grow with it: one member at a time becomes an object, and
 * its manifest tells of each. Done again after a death, it reads on behind the last member on record, having read
 * those before once more. Throws Malformed for an archive that is damaged or cut, after its whole members were stored
 * and a manifest says `complete: false`.
 */
export async function unpackArchive(unpacking: Unpacking): Promise<ArchiveRecord> {
  const { io, archive, object, folder } = unpacking;
  const direct = (await io.objects.movesFiles()) && (await takesDirectWrites(folder));
  try {
    return await new Unpacker(unpacking, direct).run();
  } catch (error) {
    if (!(error instanceof ProgressDiffers)) throw error;
    await forgetParts(io.ledger, { archive, version: object.etag });
    return await new Unpacker(unpacking, direct).run();
  }
}

/** What an earlier attempt has put on record is not what the archive holds. */
class ProgressDiffers extends Error {}

class Unpacker {
  readonly #given: Unpacking;
  readonly #reader: MemberReader;
  #members = 0;

  constructor(unpacking: Unpacking, direct: boolean) {
    this.#given = unpacking;
    const { io, buckets, object, archive, folder, rowHash, limits } = unpacking;
    const home = { io, bucket: buckets.quarantine, archiveKey: object.key, archive };
    this.#reader = new MemberReader({ ...home, folder, direct, rowHash, limits });
  }

  async run(): Promise<ArchiveRecord> {
    const { io, buckets, archive, object } = this.#given;
    const of = { archive, version: object.etag };
    const metadata = { archive, archive_version: object.etag };
    const recorder = await Recorder.open({ io, bucket: buckets.landing, of, metadata });
    const source = new ByteSource(objectBytes(io.objects, object));
    try {
      await readTar(this.#text(source), (header, body) => this.#take(recorder, header, body));
      await recorder.flush();
      if (recorder.known.length > this.#members) throw new ProgressDiffers();
      const compared = await findMissing(io, buckets.artifacts, archive, recorder.present);
      return await this.#conclude(recorder, { complete: true, ...compared }, source.sha256());
    } catch (error) {
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      await recorder.flush();
      // The object is named by its whole content, damaged or not.
      await source.drain();
      const cut = { complete: false, reason: error.code, compared_with: null, missing: [] };
      await this.#refuse(await this.#conclude(recorder, cut, source.sha256()), error);
      throw withManifest(error, archive, this.#members);
    } finally {
      await recorder.settle();
      await this.#reader.close();
    }
  }

  async #take(recorder: Recorder, header: Header, body: AsyncIterable<unknown>): Promise<void> {
    if (header.type === "directory") {
      for await (const chunk of body) void chunk;
      return;
    }
    const known = recorder.known[this.#members];
    this.#members += 1;
    if (this.#members > this.#given.limits.members) {
      throw malformed("expansion_limit", `The archive has more than ${this.#given.limits.members} members.`);
    }
    if (known === undefined) return recorder.add(await this.#reader.begin(header, body));
    const source = new ByteSource(buffers(body));
    await source.drain();
    const same = known.member_sha256 === null || known.member_sha256 === source.sha256();
    if (!same || known.member !== shortName(header.name) || known.size !== header.size) throw new ProgressDiffers();
  }

  /** The tar, verified: a whole gzip, within the limits, with a tar's end mark. */
  async *#text(source: ByteSource): AsyncGenerator<Buffer> {
    const { limits, object } = this.#given;
    if (!(await source.take(GZIP_MAGIC.length)).equals(GZIP_MAGIC)) {
      if (source.length === 0) throw malformed("empty_object", "The archive is empty: it has 0 bytes.");
      throw malformed("not_gzip", "The archive is no gzip.");
    }
    let unpacked = 0;
    let tail = Buffer.alloc(0);
    for await (const chunk of gunzip(source, { members: 0, paddingBytes: 0 })) {
      unpacked += chunk.length;
      const isBomb = unpacked > limits.ratioFromBytes && unpacked > limits.ratio * object.sizeBytes;
      if (isBomb || unpacked > limits.unpackedBytes) {
        const bound = isBomb ? `${limits.ratio} times its size` : `${limits.unpackedBytes} bytes`;
        throw malformed("expansion_limit", `The archive of ${object.sizeBytes} bytes unpacks to more than ${bound}.`);
      }
      tail = Buffer.concat([tail, chunk.subarray(-TAR_END)]).subarray(-TAR_END);
      yield chunk;
    }
    // A cut after a whole member shows only here when somebody has packed the rest again.
    if (unpacked % TAR_BLOCK !== 0 || tail.length < TAR_END || tail.some((byte) => byte !== 0)) {
      throw malformed("tar_truncated", "The tar ends without its end mark: the archive is cut.");
    }
  }

  async #conclude(
    { counts, refused }: Recorder,
    found: Pick<ManifestFooter, "complete" | "reason" | "compared_with" | "missing">,
    sha256: string,
  ): Promise<ArchiveRecord> {
    const { io, buckets, archive, object, runId } = this.#given;
    const of = { archive, version: object.etag };
    const sorted = Object.fromEntries(counts);
    const members = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const key = await writeManifest(io, buckets.artifacts, of, {
      ...{ footer: true, archive, archive_version: object.etag, ...found, members, counts: sorted },
      refused: Object.fromEntries(refused),
    });
    const record: ArchiveRecord = {
      ...{ version: object.etag, codeVersion: EDXORG_ARCHIVE_CODE, complete: found.complete, manifestKey: key },
      ...{ sizeBytes: object.sizeBytes, sha256, members, counts: sorted, missing: found.missing.length },
      ...{ unpackedAt: new Date().toISOString(), runId },
    };
    await recordArchive(io.ledger, archive, record);
    return record;
  }

  /** The bytes stay where they landed. */
  async #refuse({ unpackedAt, sha256 }: ArchiveRecord, { code }: Failure): Promise<void> {
    const { io, object } = this.#given;
    const { bucket, key, versionId, sizeBytes } = object;
    await recordQuarantine(io, {
      ...{ sourceKey: key, sha256, count: 1, reasons: { [code]: 1 }, wholeFile: code },
      ...{ bucket, key, versionId, sizeBytes, at: unpackedAt },
    });
  }
}

const withManifest = (error: Failure, archive: string, members: number): Failure =>
  new Failure("Malformed", `${error.message} Members of ${archive} that were read before: ${members}.`, {
    code: error.code,
    what: `unpack ${archive}`,
    hint: "Land the whole archive again; nothing behind it was asked for.",
    cause: error,
  });

async function* buffers(body: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield chunkBytes(chunk);
}
