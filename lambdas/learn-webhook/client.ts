import { Failure, type FailureName } from "../../core/model/failures.ts";
import { longestForm, redact } from "./redact.ts";
import { signature } from "./sign.ts";

/** Stored with the delivery and shown to people. */
export const REPLY_MAX_BYTES = 2_048;
const CALL_MS = 60_000;
const DEFAULT_RETRY_AFTER_SECONDS = 60;
const MAX_RETRY_AFTER_SECONDS = 3_600;
const USER_AGENT = "Millrace/0.1.0";

export interface LearnReply {
  readonly status: number;
  /** First 2 KB, without secrets and addresses. */
  readonly text: string;
}

export interface LearnCall {
  readonly url: string;
  readonly token: string;
  /** Exactly these bytes are signed and sent. */
  readonly body: Buffer;
  readonly timeoutMs?: number;
}

/** A call that was answered, or was not: the delivery's record keeps both, the failure decides what happens next. */
export interface LearnAnswer {
  readonly reply?: LearnReply;
  readonly failure?: Failure;
}

/**
 * One signed POST, not repeated here. Redirects are not followed, since a POST would become a GET. The connect
 * time-out is undici's own 10 s. The failure's class follows the receiver's table: its 405 is a refusal of body or
 * signature, never a matter of the method.
 */
export async function callLearn({ url, token, body, timeoutMs = CALL_MS }: LearnCall): Promise<LearnAnswer> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-MITLearn-Signature": signature(token, body),
      },
      body: new Uint8Array(body),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const reply = { status: response.status, text: await head(response, token) };
    const failure = failureOf(url, reply, response.headers);
    return failure === undefined ? { reply } : { reply, failure };
  } catch (error) {
    return { failure: unanswered(url, error, timeoutMs) };
  }
}

function failureOf(url: string, reply: LearnReply, headers: Headers): Failure | undefined {
  const { status, text } = reply;
  if (status >= 200 && status < 300) {
    // A proxy's page with status 200 is not the receiver.
    const page = headers.get("content-type")?.includes("html") === true || text.trimStart().startsWith("<");
    return page
      ? refused("Transient", url, status, "unexpected_reply", "The reply is a web page, not the receiver's JSON.")
      : undefined;
  }
  if (status === 429) {
    return refused(
      "Throttled",
      url,
      status,
      "learn_throttled",
      "The receiver asked to slow down.",
      retryAfter(headers),
    );
  }
  if (status === 408 || status >= 500)
    return refused("Transient", url, status, "learn_unavailable", "The receiver cannot answer now.");
  if (status === 405) {
    const reason =
      "There 405 means a wrong or missing signature, a missing or invalid source, or an address without its final slash, not a wrong method.";
    return refused(
      "Rejected",
      url,
      status,
      "learn_refused",
      `${reason} Check the secret, the body and the URL, in this order.`,
    );
  }
  if (status >= 300 && status < 400) {
    return refused(
      "Rejected",
      url,
      status,
      "learn_redirect",
      "The address redirects, and a redirected POST becomes a GET: correct the URL.",
    );
  }
  return refused(
    "Rejected",
    url,
    status,
    "learn_refused",
    "The receiver refused the call; its reply is on the delivery's record.",
  );
}

function unanswered(url: string, error: unknown, timeoutMs: number): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (error instanceof Error && error.name === "TimeoutError") {
    return refused("Transient", url, undefined, "learn_timeout", `No whole answer within ${timeoutMs / 1_000} s.`);
  }
  if (code === "ENOTFOUND")
    return refused("Misconfigured", url, undefined, "learn_unknown_host", "The host name is unknown.");
  if (/CERT|TLS|SSL|UNABLE_TO_VERIFY/.test(code)) {
    return refused("Misconfigured", url, undefined, "learn_certificate", `The certificate is not accepted (${code}).`);
  }
  return refused("Transient", url, undefined, "learn_unreachable", `The connection failed (${code || "no code"}).`);
}

function refused(
  name: FailureName,
  url: string,
  status: number | undefined,
  code: string,
  reason: string,
  retryAfterSeconds?: number,
): Failure {
  const answer = status === undefined ? "no answer" : `HTTP ${status}`;
  return new Failure(name, `Telling MIT Learn of new content: ${answer} from POST ${url}. ${reason}`, {
    code,
    what: "tell MIT Learn of new content",
    hint: name === "Rejected" ? "The delivery is blocked until the content, the secret or a person changes." : reason,
    details: { request: { method: "POST", url, ...(status === undefined ? {} : { status }) } },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Seconds or an HTTP date. */
function retryAfter(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  if (!Number.isFinite(seconds)) return DEFAULT_RETRY_AFTER_SECONDS;
  return Math.max(1, Math.min(MAX_RETRY_AFTER_SECONDS, Math.ceil(seconds)));
}

/** The first 2 KB. A secret that begins in them may end after them, so more is read, redacted, and then cut. */
async function head(response: Response, token: string): Promise<string> {
  const beyond = longestForm(token);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= REPLY_MAX_BYTES + beyond) break;
  }
  const text = redact(
    Buffer.concat(chunks)
      .subarray(0, REPLY_MAX_BYTES + beyond)
      .toString("utf8"),
    token,
  );
  // What was redacted made the text shorter: the part that could be half a secret is the last of what was read.
  const whole = size < REPLY_MAX_BYTES + beyond ? Buffer.from(text) : Buffer.from(text).subarray(0, -beyond);
  return whole.subarray(0, REPLY_MAX_BYTES).toString("utf8");
}
