import type { Header } from "tar-stream";
import { compareByteOrder, ContentDigest } from "../../core/model/content-digest.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "./limits.ts";
import { malformed, shown } from "../archive/malformed.ts";
import { isAppleDouble, memberPath } from "../archive/member-path.ts";
import { readTar, refuseType } from "../archive/read-tar.ts";
import { Spool, type SpooledBytes } from "./spool.ts";
import { containerOf, unpackTo } from "./unpacked-bytes.ts";

export interface Member extends SpooledBytes {
  /** Path in the archive, root included: `course/video/x.xml`. */
  readonly path: string;
}

export interface CourseArchive {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
  /** First path segment of the first member. */
  readonly root: string;
  /** Regular files in byte order of their paths. */
  readonly members: readonly Member[];
  /** Companion files of macOS that were left out. */
  readonly appleDouble: number;
  readonly spool: Spool;
}

/**
 * Reads a course archive (tar.gz or tar) from a local file. All members go into one spool file in `folder`, an
 * existing empty directory of the caller's; their names, modes and links never reach the file system.
 *
 * Throws Malformed: `gzip_truncated`, `gzip_corrupt`, `trailing_bytes`, `tar_truncated`, `tar_corrupt`,
 * `not_an_archive`, `empty_object`, `expansion_limit`, `unsafe_path`, `unsafe_link`, `unsafe_member_type`,
 * `duplicate_member`. One bad member refuses the whole archive: what it meant to do is not known.
 */
export async function readArchive(
  file: string,
  folder: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<CourseArchive> {
  const container = await containerOf(file, limits);
  const spool = await Spool.open(folder);
  try {
    const seen = new Members(spool, limits);
    const bytes = await unpackTo(file, container, limits, (chunks) =>
      readTar(chunks, (header, body) => seen.take(header, body)),
    );
    return { ...bytes, ...seen.result(), spool };
  } catch (error) {
    await spool.close();
    throw error;
  }
}

/** Digest of what the archive contains; the same for another packing of the same files. */
export async function digestOf({ members, spool }: Pick<CourseArchive, "members" | "spool">): Promise<string> {
  const digest = new ContentDigest();
  for (const member of members) {
    digest.member(member.path, member.sizeBytes);
    for await (const chunk of spool.stream(member)) digest.bytes(chunk);
  }
  return digest.hex();
}

class Members {
  readonly #spool: Spool;
  readonly #limits: ArchiveLimits;
  readonly #files = new Map<string, Member>();
  #count = 0;
  #root: string | undefined;
  #appleDouble = 0;

  constructor(spool: Spool, limits: ArchiveLimits) {
    this.#spool = spool;
    this.#limits = limits;
  }

  async take(header: Header, body: AsyncIterable<unknown>): Promise<void> {
    this.#count += 1;
    if (this.#count > this.#limits.members) {
      throw malformed("expansion_limit", `The archive has more than ${this.#limits.members} members.`);
    }
    const path = memberPath(header.name);
    refuseType(header);
    if (path === undefined || header.type === "directory" || isAppleDouble(path)) {
      if (path !== undefined && header.type === "directory") this.#root ??= path.split("/")[0];
      if (path !== undefined && isAppleDouble(path)) this.#appleDouble += 1;
      for await (const chunk of body) void chunk;
      return;
    }
    // A file beside the folders, some tool's own, is not the root that everything lies under.
    if (path.includes("/")) this.#root ??= path.split("/")[0];
    if (this.#files.has(path)) {
      throw malformed("duplicate_member", `The archive holds ${shown(path)} twice; which one is meant is not known.`);
    }
    const bound = this.#documentLimit(path);
    if (header.size > bound) {
      throw malformed("expansion_limit", `${shown(path)} has ${header.size} bytes; at most ${bound} are read.`);
    }
    const offset = this.#spool.end;
    for await (const chunk of body) if (chunk instanceof Uint8Array) await this.#spool.append(chunk);
    this.#files.set(path, { path, offset, sizeBytes: this.#spool.end - offset });
  }

  /** Files that are read whole; others are only streamed. */
  #documentLimit(path: string): number {
    if (path.endsWith(".xml")) return this.#limits.xmlBytes;
    return /^[^/]+\/policies\/.*\.json$/.test(path) ? this.#limits.policyBytes : Number.POSITIVE_INFINITY;
  }

  result(): Pick<CourseArchive, "root" | "members" | "appleDouble"> {
    const members = [...this.#files.values()].toSorted((left, right) => compareByteOrder(left.path, right.path));
    return { root: this.#root ?? "", members, appleDouble: this.#appleDouble };
  }
}
