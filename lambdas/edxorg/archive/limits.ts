/** What one weekly archive may be. */
export interface EdxorgLimits {
  /** Above one of these three nothing more of the archive is read, as if it were cut there. */
  readonly members: number;
  readonly unpackedBytes: number;
  /** Unpacked : packed, judged once `ratioFromBytes` have been unpacked. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  /** A larger member is left out and named. */
  readonly memberBytes: number;
  /** A longer line of a table goes to quarantine. */
  readonly lineBytes: number;
  /** Larger JSON is stored without a look at it: it would have to be held as a tree. */
  readonly jsonBytes: number;
  /** What a course export may unpack to while it is verified. */
  readonly courseBytes: number;
}

const MIB = 1_048_576;
const GB = 1_000_000_000;

/**
 * An archive has 44 tables of some hundred courses from two sources: about 100,000 members, up to some hundred GB.
 * Tables compress 5:1 to 20:1. An object in S3 is put in at most 10,000 parts of 8 MiB (80 GB), and a rewritten table
 * is larger than the member.
 */
export const EDXORG_LIMITS: EdxorgLimits = {
  members: 1_000_000,
  unpackedBytes: 2_000 * GB,
  ratio: 200,
  ratioFromBytes: 1_024 * MIB,
  memberBytes: 50 * GB,
  lineBytes: 128 * MIB,
  jsonBytes: 32 * MIB,
  courseBytes: 20 * GB,
};
