import { createHash } from "node:crypto";
import { request, retryAfter } from "../../core/io/http.ts";
import { Failure, type FailureName } from "../../core/model/failures.ts";
import { excerpt, excerptNeeds } from "../../core/model/redact.ts";
import { signature } from "./sign.ts";

/** Stored with the delivery and shown to people. */
export const REPLY_MAX_BYTES = 2_048;
const CALL_MS = 60_000;

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
  /** Names the secret's version without showing it, for whoever has to look why it was refused. */
  readonly mark?: string;
}

/** A call that was answered, or was not: the delivery's record keeps both, the failure decides what happens next. */
export interface LearnAnswer {
  readonly reply?: LearnReply;
  readonly failure?: Failure;
}

/**
 * One signed POST, not repeated here. The failure's class follows the receiver's table: its 405 is a refusal of body or
 * signature, never a matter of the method.
 */
export async function callLearn({ url, token, body, timeoutMs = CALL_MS, mark }: LearnCall): Promise<LearnAnswer> {
  const answer = await request({
    url,
    method: "POST",
    headers: { "Content-Type": "application/json", "X-MITLearn-Signature": signature(token, body) },
    body: new Uint8Array(body),
    timeoutMs,
    maxBytes: excerptNeeds(REPLY_MAX_BYTES, [token]),
  });
  if ("code" in answer) {
    return { failure: refused(answer.name, url, undefined, `learn_${answer.code}`, answer.reason) };
  }
  const reply = { status: answer.status, text: excerpt(answer.bytes, REPLY_MAX_BYTES, [token]) };
  const sent = `secret version ${mark ?? "unknown"}, body hash ${createHash("sha256").update(body).digest("hex")}`;
  const failure = failureOf(url, reply, answer.headers, sent);
  return failure === undefined ? { reply } : { reply, failure };
}

function failureOf(url: string, reply: LearnReply, headers: Headers, sent: string): Failure | undefined {
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
      "Signature or body refused: there 405 means a wrong or missing signature, a missing or invalid source, or an address without its final slash, not a wrong method.";
    return refused(
      "Rejected",
      url,
      status,
      "learn_refused",
      `${reason} Check the secret, the body and the URL, in this order (${sent}).`,
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
