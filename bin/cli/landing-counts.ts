import * as z from "zod";
import type { LandingKind } from "./landing-keys.ts";

const Count = z.number().nullable().default(null);
/** What the tracking-log machine states at its end. */
const LogOutput = z.looseObject({
  counts: z
    .looseObject({ lines: Count, rows: Count, quarantined: Count, blank: Count })
    .default({ lines: null, rows: null, quarantined: null, blank: null }),
  outcome: z.string().optional(),
});
/** Outcomes of NormaliseLog that commit nothing: the same bytes again, or the same text in another file. */
const DEDUPLICATED: ReadonlySet<string> = new Set(["unchanged", "duplicate"]);
const ArchiveOutput = z.looseObject({ counts: z.record(z.string(), z.number()) });

interface Output {
  readonly output?: unknown;
}

/** The counts of one landed file from the outputs of the runs that it started. */
export function countsOf(kind: LandingKind | undefined, runs: readonly Output[]): Record<string, unknown> {
  const output = runs.map((run) => run.output).find((value) => value !== null && value !== undefined);
  if (kind !== undefined && kind !== "tracking_log") {
    const parsed = ArchiveOutput.safeParse(output);
    return { counts: parsed.success ? parsed.data.counts : null };
  }
  const parsed = LogOutput.safeParse(output);
  const counts = parsed.success ? parsed.data.counts : { lines: null, rows: null, quarantined: null, blank: null };
  const { lines, rows, quarantined, blank } = counts;
  const deduplicated = parsed.success && DEDUPLICATED.has(parsed.data.outcome ?? "");
  return { lines, rows, quarantined, blank, deduplicated };
}
