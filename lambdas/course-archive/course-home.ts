import type { Io, ObjectHead } from "../../core/io/ports.ts";
import type { CourseKey } from "./course-key.ts";
import type { EntityTable } from "./tables.ts";

/** Keys of the processed files of one archive version. */
export interface ProcessedKeys {
  readonly course_metadata: string;
  readonly course_video: string;
  readonly course_xml_blocks: string;
  readonly course_blocks: string;
  readonly course_policy: string;
  readonly course_signatories: string;
  readonly course_documents: string;
  readonly course_transcripts: string;
  readonly bundle: string;
  readonly manifest: string;
}

/** Texts that every row has of where it is from. */
export type CourseOrigin = Readonly<Record<string, string>> & { readonly source_system: string };

/** Whose archives these are: where what they become is kept, and under which names. */
export interface CourseHome {
  /** Of its records, plans and quarantine: `mitxonline`, `edxorg/prod`. */
  readonly id: string;
  readonly asset: string;
  /** The id that a course is kept by: that of `course.xml`, or one by which others know it. */
  readonly courseId: (key: CourseKey) => string;
  /** Of the asset; MIT Learn's deliveries are about it, too. */
  readonly partition: (courseId: string) => string;
  readonly tables: readonly EntityTable[];
  readonly origin: (courseId: string) => CourseOrigin;
  /** By which all rows of one course are found. */
  readonly replace: (courseId: string) => readonly { readonly column: string; readonly value: string }[];
  readonly contentKey: (courseId: string, sha256: string) => string;
  readonly processedKeys: (courseId: string, sha256: string, bundle: string) => ProcessedKeys;
  /** As whose content MIT Learn is told of it; absent = never. */
  readonly learnSource?: string;
  /** Throws Malformed for an archive that holds another course than was asked for. */
  readonly check: (key: CourseKey) => void;
  /** What the LMS called published before the export began. */
  readonly publishedVersion: (io: Pick<Io, "ledger">, key: CourseKey, head: ObjectHead) => Promise<string | undefined>;
}
