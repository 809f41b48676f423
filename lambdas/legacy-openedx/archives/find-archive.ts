import type { Objects } from "../../../core/io/ports.ts";

/** `<sha256 of the bytes>.xml.tar.gz` */
const ARCHIVE = /(?:^|\/)([0-9a-f]{64})\.xml\.tar\.gz$/;

export interface FoundArchive {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
  /** Epoch milliseconds. */
  readonly landedAt: number;
  /** What the LMS called published before the export; undefined = nobody of ours has asked for it. */
  readonly publishedVersion: string | undefined;
}

/**
 * The archive of a course that counts: the one of this content, where it is known (a course that went back to what it
 * was is an old object), else the one that landed last.
 */
export async function findArchive(
  objects: Objects,
  bucket: string,
  folder: string,
  contentDigest: string | null,
): Promise<FoundArchive | undefined> {
  const { objects: listed } = await objects.list(bucket, folder);
  const archives = listed
    .filter(({ key }) => ARCHIVE.test(key))
    .toSorted((a, b) => b.lastModified.getTime() - a.lastModified.getTime());
  const [newest] = archives;
  if (newest === undefined) return undefined;
  for (const { key } of archives) {
    const head = await objects.head({ bucket, key });
    if (head === undefined) continue;
    const isCurrent = contentDigest === null || head.metadata["content_digest"] === contentDigest;
    if (isCurrent || archives.length === 1) return foundOf(head);
  }
  const head = await objects.head(newest);
  return head === undefined ? undefined : foundOf(head);
}

function foundOf({
  bucket,
  key,
  lastModified,
  metadata,
}: NonNullable<Awaited<ReturnType<Objects["head"]>>>): FoundArchive {
  const version = metadata["courseware_published_version"];
  return {
    ...{ bucket, key, sha256: ARCHIVE.exec(key)?.[1] ?? "", landedAt: lastModified.getTime() },
    publishedVersion: version === undefined ? undefined : decodeURI(version),
  };
}
