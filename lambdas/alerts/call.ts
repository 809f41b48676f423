import { classOfStatus, request, retryAfter } from "../../core/io/http.ts";
import { Failure, type FailureName } from "../../core/model/failures.ts";

const REPLY_MAX_BYTES = 64 * 1_024;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Call {
  readonly url: string;
  /** In words, for the failure: an address may hold a secret and is never shown. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * One POST, not repeated here. Gives whatever was answered, at most 64 KB of it.
 * Throws Transient `no_answer`, Misconfigured `unknown_host` or `certificate`.
 */
export async function post({ what, body = "", ...call }: Call): Promise<Reply> {
  const answer = await request({ ...call, body, method: "POST", maxBytes: REPLY_MAX_BYTES });
  if (!("code" in answer)) {
    const { status, headers, bytes } = answer;
    return { status, headers, text: bytes.toString("utf8") };
  }
  const { name, code, reason } = answer;
  if (name === "Transient") throw failure(name, what, "no_answer", reason);
  throw failure(name, what, code, reason, { hint: "Correct the address in the secret." });
}

/** What HTTP itself says, the same for every service; undefined = 2xx. */
export function statusFailure({ status, headers }: Reply, what: string): Failure | undefined {
  const name = classOfStatus(status);
  if (name === undefined) return undefined;
  const reason = `HTTP ${status}.`;
  if (name === "Throttled") return failure(name, what, "throttled", reason, { retryAfterSeconds: retryAfter(headers) });
  if (name === "Transient") return failure(name, what, "unavailable", reason);
  return failure("Rejected", what, "refused", reason);
}

export const failure = (
  name: FailureName,
  what: string,
  code: string,
  reason: string,
  rest: { readonly hint?: string; readonly retryAfterSeconds?: number } = {},
): Failure => new Failure(name, `Could not ${what}: ${reason}`, { code, what, ...rest });
