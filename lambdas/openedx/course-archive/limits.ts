/** What one course archive may be. Above any of these it is refused and nothing of it is published. */
export interface ArchiveLimits {
  readonly compressedBytes: number;
  readonly unpackedBytes: number;
  readonly members: number;
  /** One XML or policy file: these are read whole into memory. */
  readonly documentBytes: number;
  /** Unpacked : compressed, judged once `ratioFromBytes` have been unpacked. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
}

const GB = 1_000_000_000;
const MIB = 1_048_576;

/**
 * Sizes from spec/openedx.md 6. The ratio stops a bomb early: gzip cannot exceed 1032:1, and text-heavy course
 * exports were measured at 2:1 to 12:1, so 200:1 after 64 MiB is no course.
 */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  compressedBytes: 2 * GB,
  unpackedBytes: 20 * GB,
  members: 200_000,
  documentBytes: 64 * MIB,
  ratio: 200,
  ratioFromBytes: 64 * MIB,
};

/** Deeper XML is refused file by file; deeper course trees refuse the course. Open edX nests about 7 levels. */
export const MAX_XML_DEPTH = 500;
export const MAX_COURSE_DEPTH = 100;
