import type { TrackingLogSource } from "../sources/tracking-logs.ts";
import { dataVersionOf, type FileRecord } from "./file-record.ts";
import type { ShareCheck } from "./quarantine-share.ts";

/** What NormaliseLog answers: references and counts. A `planKey` means that rows wait for their commit. */
export interface NormaliseOutput {
  readonly outcome: "staged" | "unchanged" | "duplicate";
  readonly planKey?: string;
  readonly asset: string;
  /** The log date. */
  readonly partition: string;
  readonly dataVersion: string;
  readonly codeVersion: string;
  readonly counts: FileRecord["counts"];
  readonly accountingKey: string;
  /** `raw.<table>` */
  readonly tables: readonly string[];
  readonly duplicateOf?: string;
  /** The same content, made or loaded again because somebody asked for it. */
  readonly repeated?: true;
  /** Salvaged from a file that was cut. */
  readonly truncated?: true;
  readonly checks?: readonly ShareCheck[];
}

export function outputOf(
  outcome: NormaliseOutput["outcome"],
  source: TrackingLogSource,
  record: FileRecord,
  check?: ShareCheck,
): NormaliseOutput {
  const { planKey, logDate, codeVersion, counts, accountingKey, duplicateOf, again, truncated } = record;
  return {
    outcome,
    ...(planKey === undefined || outcome === "unchanged" ? {} : { planKey }),
    asset: source.asset,
    partition: logDate,
    dataVersion: dataVersionOf(record),
    codeVersion,
    counts,
    accountingKey,
    tables: [`raw.${source.table}`],
    ...(duplicateOf === undefined ? {} : { duplicateOf }),
    ...(again === undefined || outcome !== "staged" ? {} : { repeated: true }),
    ...(truncated === undefined ? {} : { truncated }),
    ...(check === undefined ? {} : { checks: [check] }),
  };
}
