import { Failure, type FailureName } from "../../core/model/failures.ts";

const DEFAULT_RETRY_AFTER_SECONDS = 60;
const MAX_RETRY_AFTER_SECONDS = 3_600;
const REPLY_MAX_BYTES = 64 * 1_024;
const USER_AGENT = "Millrace/0.1.0";

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
 * One POST, not repeated here; redirects are not followed. Gives whatever was answered, at most 64 KB of it.
 * Throws Transient `no_answer`, Misconfigured `unknown_host` or `certificate`.
 */
export async function post({ url, what, timeoutMs, headers = {}, body = "" }: Call): Promise<Reply> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "User-Agent": USER_AGENT, ...headers },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, headers: response.headers, text: await start(response) };
  } catch (error) {
    throw unanswered(error, what, timeoutMs);
  }
}

async function start(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= REPLY_MAX_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, REPLY_MAX_BYTES).toString("utf8");
}

function unanswered(error: unknown, what: string, timeoutMs: number): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no code";
  const hint = "Correct the address in the secret.";
  if (error instanceof Error && error.name === "TimeoutError")
    return failure("Transient", what, "no_answer", `No whole answer within ${timeoutMs / 1_000} s.`);
  if (code === "ENOTFOUND")
    return failure("Misconfigured", what, "unknown_host", "The host name is unknown.", { hint });
  if (/CERT|TLS|SSL|UNABLE_TO_VERIFY/.test(code))
    return failure("Misconfigured", what, "certificate", `The certificate is not accepted (${code}).`, { hint });
  return failure("Transient", what, "no_answer", `The connection failed (${code}).`);
}

/** What HTTP itself says, the same for every service; undefined = 2xx. */
export function statusFailure({ status, headers }: Reply, what: string): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  const reason = `HTTP ${status}.`;
  if (status === 429) {
    return failure("Throttled", what, "throttled", reason, { retryAfterSeconds: retryAfter(headers) });
  }
  if (status === 408 || status >= 500) return failure("Transient", what, "unavailable", reason);
  return failure("Rejected", what, "refused", reason);
}

export const failure = (
  name: FailureName,
  what: string,
  code: string,
  reason: string,
  rest: { readonly hint?: string; readonly retryAfterSeconds?: number } = {},
): Failure => new Failure(name, `Could not ${what}: ${reason}`, { code, what, ...rest });

/** Seconds or an HTTP date. */
export function retryAfter(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  if (!Number.isFinite(seconds)) return DEFAULT_RETRY_AFTER_SECONDS;
  return Math.max(1, Math.min(MAX_RETRY_AFTER_SECONDS, Math.ceil(seconds)));
}
