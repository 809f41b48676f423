import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { Failure, type FailureName } from "../../core/model/failures.ts";

const MESSAGE_MAX_CHARS = 2_900;

const RunResults = z.looseObject({
  metadata: z.looseObject({ invocation_id: z.string().nullish() }),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      execution_time: z.number(),
      message: z.string().nullish(),
      failures: z.number().nullish(),
      relation_name: z.string().nullish(),
      compiled_code: z.string().nullish(),
      adapter_response: z.looseObject({ rows_affected: z.number().nullish() }).nullish(),
    }),
  ),
});
export type RunResults = z.infer<typeof RunResults>;

export type NodeOutcome = "succeeded" | "warned" | "failed" | "skipped";

export interface NodeResult {
  /** `model.millrace.marts__openedx__video_engagement` */
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly outcome: NodeOutcome;
  /** dbt's own word. */
  readonly status: string;
  readonly seconds: number;
  /** Rows of a model; rows that break a test. */
  readonly rows: number | null;
  readonly message: string;
  /** `schema.table` of a model. */
  readonly relation: string | null;
  readonly compiledSha256: string | null;
  /** Of a failed node. */
  readonly failure?: FailureName;
}

const OUTCOMES: Readonly<Record<string, NodeOutcome>> = {
  success: "succeeded",
  pass: "succeeded",
  "no-op": "succeeded",
  warn: "warned",
  error: "failed",
  fail: "failed",
  "runtime error": "failed",
  "partial success": "failed",
  skipped: "skipped",
};

/** The results as dbt wrote them, or undefined when it ended before it had any. */
export async function readRunResults(file: string): Promise<RunResults | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined;
  }
  const parsed = RunResults.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Failure("Misconfigured", `dbt wrote results of an unknown form: ${z.prettifyError(parsed.error)}`, {
    code: "dbt_results_unreadable",
    what: "read dbt's run_results.json",
    hint: "The dbt version must be the one of containers/dbt/requirements.txt.",
    cause: parsed.error,
  });
}

export function nodeResults({ results }: RunResults): NodeResult[] {
  return results.map((result) => {
    const [kind = "", , name = ""] = result.unique_id.split(".");
    const outcome = OUTCOMES[result.status] ?? "failed";
    const message = (result.message ?? "").slice(0, MESSAGE_MAX_CHARS);
    const compiled = result.compiled_code ?? null;
    return {
      id: result.unique_id,
      name,
      kind,
      outcome,
      status: result.status,
      seconds: result.execution_time,
      rows: result.adapter_response?.rows_affected ?? result.failures ?? null,
      message,
      relation: kind === "model" ? relationOf(result.relation_name) : null,
      compiledSha256: compiled === null ? null : createHash("sha256").update(compiled).digest("hex"),
      ...(outcome === "failed" ? { failure: classify(message) } : {}),
    };
  });
}

/** Later results of a node replace earlier ones: a retry's answer counts. */
export function mergeResults(earlier: RunResults, later: RunResults): RunResults {
  const again = new Set(later.results.map(({ unique_id }) => unique_id));
  return {
    ...later,
    results: [...earlier.results.filter(({ unique_id }) => !again.has(unique_id)), ...later.results],
  };
}

const RULES: readonly (readonly [FailureName, RegExp])[] = [
  ["Conflict", /\bHTTP 409\b|CommitFailed|write-write conflict|transaction conflict/i],
  ["Throttled", /\bHTTP 429\b|SlowDown|ThrottlingException|TooManyRequests/i],
  [
    "Transient",
    /\bHTTP (408|5\d\d)\b|could not connect|couldn't connect|connection (was )?(refused|reset|closed|error)|timed? ?out|InternalServerException/i,
  ],
  ["Misconfigured", /^Misconfigured|out of memory|No space left|AccessDenied|\bHTTP 40[13]\b|Unauthorized/im],
];

/** What kind of failure dbt's text tells of. SQL, types and tests are the rest: they wait for new input or code. */
export function classify(message: string): FailureName {
  return RULES.find(([, pattern]) => pattern.test(message))?.[0] ?? "Malformed";
}

/** `"lake"."marts"."model"` to `marts.model`. */
function relationOf(relation: string | null | undefined): string | null {
  const parts = [...(relation ?? "").matchAll(/"([^"]+)"/g)].map(([, part]) => part ?? "");
  return parts.length < 2 ? null : parts.slice(-2).join(".");
}
