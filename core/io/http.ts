import type { FailureName } from "../model/failures.ts";

const USER_AGENT = "Millrace/0.1.0";
const DEFAULT_RETRY_AFTER_SECONDS = 60;
const MAX_RETRY_AFTER_SECONDS = 3_600;

export interface HttpCall {
  readonly url: string;
  /** Default GET. */
  readonly method?: "GET" | "POST";
  /** For the whole answer; the connection alone has undici's own 10 s. */
  readonly timeoutMs: number;
  /** So much of the body is read; the rest is left. */
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  /** At most `maxBytes`. */
  readonly bytes: Buffer;
  /** There was more. */
  readonly isCut: boolean;
}

/** There was no whole answer. */
export interface NetworkFault {
  readonly name: Extract<FailureName, "Transient" | "Misconfigured">;
  readonly code: "timeout" | "unreachable" | "unknown_host" | "certificate";
  readonly reason: string;
}

/**
 * One request to a system outside, not repeated here. Redirects are not followed: a POST would become a GET, and
 * credentials would go where nobody has sent them. Throws only the reason of the caller's signal.
 */
export async function request({ maxBytes, timeoutMs, signal, ...call }: HttpCall): Promise<HttpReply | NetworkFault> {
  const over = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(call.url, {
      method: call.method ?? "GET",
      headers: { "User-Agent": USER_AGENT, ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: "manual",
      signal: signal === undefined ? over : AbortSignal.any([over, signal]),
    });
    return { status: response.status, headers: response.headers, ...(await start(response, maxBytes)) };
  } catch (error) {
    signal?.throwIfAborted();
    return faultOf(error, timeoutMs);
  }
}

async function start(response: Response, maxBytes: number): Promise<Pick<HttpReply, "bytes" | "isCut">> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isCut: size > maxBytes };
}

export function faultOf(error: unknown, timeoutMs: number): NetworkFault {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no code";
  if (error instanceof Error && error.name === "TimeoutError")
    return { name: "Transient", code: "timeout", reason: `No whole answer within ${timeoutMs / 1_000} s.` };
  if (code === "ENOTFOUND") return { name: "Misconfigured", code: "unknown_host", reason: "The host name is unknown." };
  if (/CERT|TLS|SSL|UNABLE_TO_VERIFY/.test(code))
    return { name: "Misconfigured", code: "certificate", reason: `The certificate is not accepted (${code}).` };
  return { name: "Transient", code: "unreachable", reason: `The connection failed (${code}).` };
}

/** What a status means unless the service's own contract says otherwise; undefined = 2xx. */
export function classOfStatus(status: number): FailureName | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 429) return "Throttled";
  if (status === 408 || status >= 500) return "Transient";
  return status === 409 || status === 412 ? "Conflict" : "Rejected";
}

/** Seconds or an HTTP date; 60 s when it is absent or unreadable, an hour at most. */
export function retryAfter(headers: Headers, now: number = Date.now()): number {
  const value = headers.get("retry-after")?.trim() ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (dateOf(value) - now) / 1_000;
  if (!Number.isFinite(seconds)) return DEFAULT_RETRY_AFTER_SECONDS;
  return Math.max(1, Math.min(MAX_RETRY_AFTER_SECONDS, Math.ceil(seconds)));
}

/** The three forms of RFC 9110 begin with the day's name; `Date.parse` alone takes "1.5" and "-5" for days of 2001. */
const dateOf = (text: string): number => (/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/i.test(text) ? Date.parse(text) : Number.NaN);
