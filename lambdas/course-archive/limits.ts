/** What one course archive may be. Above any of these it is refused and nothing of it is published. */
export interface ArchiveLimits {
  readonly compressedBytes: number;
  readonly unpackedBytes: number;
  readonly members: number;
  /** One XML file: read whole into memory. */
  readonly xmlBytes: number;
  /** One JSON file under `policies/`: read whole into memory. */
  readonly policyBytes: number;
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
  xmlBytes: 64 * MIB,
  policyBytes: 16 * MIB,
  ratio: 200,
  ratioFromBytes: 64 * MIB,
};

/** Deeper XML is refused file by file; deeper course trees refuse the course. Open edX nests about 7 levels. */
export const MAX_XML_DEPTH = 500;
/** 64 MiB of empty elements would take 7 GB as a tree; the largest real files have some thousands. */
export const MAX_XML_ELEMENTS = 500_000;
export const MAX_COURSE_DEPTH = 100;
