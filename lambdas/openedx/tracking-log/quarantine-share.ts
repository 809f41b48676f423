import { Failure } from "../../../core/model/failures.ts";
import type { LineCounts } from "../../normalize/accounting.ts";

/** Below this many bad lines a file is judged by no share: one bad line of two says nothing about the other. */
const FEW = 10;
const CHECK_ABOVE = 0.01;
const REFUSE_ABOVE = 0.5;

export interface ShareCheck {
  readonly name: "quarantine_share";
  readonly passed: boolean;
  readonly quarantined: number;
  readonly lines: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** More than 1 % of lines in quarantine: the file is published and this check fails. Above 50 % the file is Malformed. */
export function checkQuarantineShare(counts: LineCounts, key: string): ShareCheck {
  const { quarantined, lines, reasons } = counts;
  const share = lines === 0 ? 0 : quarantined / lines;
  if (quarantined > FEW && share > REFUSE_ABOVE) {
    throw new Failure("Malformed", `${quarantined} of the ${lines} lines of ${key} are no events.`, {
      code: "mostly_quarantined",
      what: `account for the lines of ${key}`,
      hint: "Look at what the source wrote; land a corrected file under the same key.",
      details: { quarantined, lines, reasons },
    });
  }
  return { name: "quarantine_share", passed: quarantined <= FEW || share <= CHECK_ABOVE, quarantined, lines, reasons };
}
