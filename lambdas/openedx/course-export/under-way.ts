import * as z from "zod";

/** What the machine carries between two looks at an export. */
export const ExportUnderWay = z.object({
  outcome: z.literal("exporting"),
  deployment: z.string().min(1),
  courseId: z.string().min(1),
  taskId: z.string().min(1),
  /** Of the archive, in the landing bucket. */
  key: z.string().min(1),
  /** As Studio has told it last. */
  state: z.string(),
  /** Since when Studio says that it is done and no archive is there; ISO 8601. */
  missingSince: z.string().optional(),
});
export type ExportUnderWay = z.infer<typeof ExportUnderWay>;

export interface Exported extends Omit<ExportUnderWay, "outcome" | "missingSince"> {
  readonly outcome: "exported";
  readonly publishedVersion?: string;
  readonly etag: string;
  readonly versionId: string;
  readonly sizeBytes: number;
}
