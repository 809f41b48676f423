import type { QuarantineReason } from "./accounting.ts";
import { LineScanner } from "./scan-line.ts";
import type { ScanFault } from "./text-reader.ts";

export interface Verdict {
  readonly reason: QuarantineReason;
  /** For people: where and what. */
  readonly detail: string;
}

/** What engines and Python write for numbers that JSON does not have. */
const NOT_A_NUMBER = /^[-+]?(nan|inf(inity)?)/i;
const LITERAL_BYTES = 10;

/** Names why the scanner refused the line. `at` are offsets in `bytes`, told relative to `start`. */
export function classifyFault(
  scanner: Pick<LineScanner, "fault" | "faultAt">,
  bytes: Uint8Array,
  start: number,
  end: number,
): Verdict {
  const { fault, faultAt } = scanner;
  return { reason: reasonOf(fault, faultAt, bytes, end), detail: `${fault} at byte ${Math.min(faultAt, end) - start}` };
}

function reasonOf(fault: ScanFault, at: number, bytes: Uint8Array, end: number): QuarantineReason {
  if (fault === "trailing") return hasValue(bytes, at, end) ? "trailing_content" : "invalid_json";
  if (fault === "syntax") {
    const literal = Buffer.from(bytes.subarray(at, Math.min(end, at + LITERAL_BYTES))).toString("latin1");
    return NOT_A_NUMBER.test(literal) ? "nan_literal" : "invalid_json";
  }
  // A string that the end of the line cuts off is a cut line, whatever control character ends the line.
  if (fault === "control_character" && at >= end) return "invalid_json";
  return fault === "none" ? "invalid_json" : fault;
}

/** Whether at least one more whole value follows: two records on one line, and not just a stray byte. */
function hasValue(bytes: Uint8Array, start: number, end: number): boolean {
  const rest = new LineScanner();
  return rest.scan(bytes, start, end) || rest.fault === "not_an_object" || rest.fault === "trailing";
}
