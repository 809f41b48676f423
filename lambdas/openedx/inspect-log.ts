import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { objectMissing } from "../../core/io/object-failures.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { logMode, type LogMode } from "./sources/modes.ts";
import { landedLog } from "./tracking-log/landed-key.ts";
import { quarantineWhole } from "./tracking-log/quarantine.ts";

/** Above these the log goes to a larger worker: gzip and plain, in bytes (spec: 150 MB gz, 1 GB raw). */
const LAMBDA_GZIP_MAX = 150 * 1024 * 1024;
const LAMBDA_PLAIN_MAX = 1024 * 1024 * 1024;

const Input = z.looseObject({ bucket: z.string().min(1), key: z.string().min(1), mode: z.string().optional() });

export type Inspection =
  | { readonly outcome: "ignored"; readonly reason: string }
  | {
      readonly outcome: "new";
      readonly size: "lambda" | "fargate";
      readonly source: string;
      readonly logDate: string;
      readonly mode: LogMode;
      readonly object: {
        readonly bucket: string;
        readonly key: string;
        readonly versionId: string;
        readonly etag: string;
        readonly sizeBytes: number;
      };
    };

export const handler = task({ name: "InspectLog", input: Input, run: inspectLanded });

/**
 * What a landed object is, from the object itself: events come twice, late and out of order. Whether its rows are in
 * the table is for NormaliseLog to say, which reads the bytes. Throws Malformed `no_date`, Rejected `object_missing`,
 * `mode_not_taken`.
 */
export async function inspectLanded(
  { bucket, key, mode: wanted }: z.infer<typeof Input>,
  { io, settings }: Pick<TaskContext, "io" | "settings">,
): Promise<Inspection> {
  const mode = logMode(wanted);
  const landed = landedLog(key);
  if (landed === undefined) return { outcome: "ignored", reason: `${key} is not named like a tracking log` };
  const head = await io.objects.head({ bucket, key });
  if (head === undefined) throw objectMissing({ bucket, key });
  const { versionId, etag, sizeBytes } = head;
  if (landed.logDate === undefined) {
    const hash = createHash("sha256");
    await pipeline(await io.objects.get({ bucket, key, versionId }), hash);
    const place = { source: landed.source, logDate: "no_date", sha256: hash.digest("hex") };
    await quarantineWhole(io, settings, head, place, "no_date");
    throw new Failure("Malformed", `The key ${key} names no date, so its rows have no partition.`, {
      code: "no_date",
      what: `find the log date of ${key}`,
      hint: `Land it under ${landed.source.landsUnder} with its date (YYYY-MM-DD) in the key.`,
    });
  }
  const limit = key.toLowerCase().endsWith(".gz") ? LAMBDA_GZIP_MAX : LAMBDA_PLAIN_MAX;
  return {
    outcome: "new",
    size: sizeBytes > limit ? "fargate" : "lambda",
    source: landed.source.id,
    logDate: landed.logDate,
    mode,
    object: { bucket, key, versionId, etag, sizeBytes },
  };
}
