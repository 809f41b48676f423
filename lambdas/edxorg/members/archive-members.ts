import type { Io } from "../../../core/io/ports.ts";
import type { Settings } from "../../../core/io/settings.ts";
import { Failure } from "../../../core/model/failures.ts";
import { assetOf, partitionOf } from "../archive/keys.ts";
import { isPartition, readFooter, readManifest, type ManifestFooter } from "../archive/manifest.ts";
import type { ManifestRow } from "../archive/manifest-row.ts";
import type { Category, Source } from "../archive/member-name.ts";
import { findRecord, type MemberRecord } from "../archive/member-record.ts";

/** A member whose content is the newest that is known of its place. */
export interface ArchiveMember {
  readonly category: Category;
  /** A table's has the table as its last part. */
  readonly asset: string;
  readonly partition: string;
  readonly courseId: string;
  readonly source: Source;
  readonly label?: ManifestRow["label"];
  readonly record: MemberRecord;
}

export interface ArchiveMembers {
  readonly footer: ManifestFooter;
  /** In the order of the archive, read anew each time: a hundred thousand of them. */
  readonly members: () => AsyncIterable<ArchiveMember>;
  /** Where the objects are. */
  readonly bucket: string;
}

/** Reads that are under way together: each is one item of the ledger. */
const AT_ONCE = 32;

/**
 * What a complete archive holds, with what is on record of it. Left out is what a newer archive has said otherwise of.
 * Throws Malformed `archive_incomplete`: nothing may be made of a cut one.
 */
export async function readMembers(
  { objects, ledger }: Pick<Io, "objects" | "ledger">,
  { artifacts, landing }: Settings["buckets"],
  { archive, manifestKey }: { readonly archive: string; readonly manifestKey: string },
): Promise<ArchiveMembers> {
  const footer = await readFooter(objects, artifacts, manifestKey);
  if (footer?.complete !== true) throw incomplete(archive, manifestKey);
  const look = async (row: ManifestRow): Promise<ArchiveMember | undefined> => {
    if (!isPartition(row) || row.sha256 === null) return undefined;
    const { category, course_id: courseId, source, label, sha256 } = row;
    const name = {
      ...{ category, courseId, source },
      ...(row.table === null ? {} : { table: row.table }),
      ...(label === undefined ? {} : { label }),
    };
    const record = await findRecord(ledger, name);
    if (record === undefined || record.sha256 !== sha256 || record.lastSeenArchive !== archive) return undefined;
    const partition = partitionOf(name);
    return { ...{ category, asset: assetOf(name), partition, courseId, source, record }, ...(label && { label }) };
  };
  const members = async function* (): AsyncGenerator<ArchiveMember> {
    let batch: Promise<ArchiveMember | undefined>[] = [];
    const found = async function* () {
      for (const member of await Promise.all(batch)) if (member !== undefined) yield member;
      batch = [];
    };
    for await (const row of readManifest(objects, artifacts, manifestKey)) {
      batch.push(look(row));
      if (batch.length >= AT_ONCE) yield* found();
    }
    yield* found();
  };
  return { footer, members, bucket: landing };
}

const incomplete = (archive: string, manifestKey: string): Failure =>
  new Failure("Malformed", `The manifest ${manifestKey} says that ${archive} is not complete.`, {
    code: "archive_incomplete",
    what: `record the members of ${archive}`,
    hint: "Land the whole archive again.",
  });
