import * as z from "zod";
import { retryAfter } from "../../core/io/http.ts";
import { Failure } from "../../core/model/failures.ts";
import type { SlackMessage } from "../../core/model/alerts/slack-blocks.ts";
import type { Thread } from "../../core/model/alerts/window.ts";
import { failure, post, statusFailure, type Reply } from "./call.ts";
import type { SlackTarget } from "./slack-target.ts";

/** Claims live twice as long. */
const CALL_MS = 10_000;
const WHAT = "send an alert to Slack";

export interface Post {
  readonly message: SlackMessage;
  /** The same at every attempt at this message. */
  readonly id: string;
  readonly thread: Thread | null;
}

/** Error names of chat.postMessage, https://docs.slack.dev/reference/methods/chat.postMessage; others are refusals. */
const BUSY: ReadonlySet<string> = new Set(["ratelimited", "rate_limited", "message_limit_exceeded"]);
const FOR_NOW: ReadonlySet<string> = new Set([
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
]);
const SETTING: ReadonlySet<string> = new Set([
  ...["not_authed", "invalid_auth", "account_inactive", "token_expired", "token_revoked", "two_factor_setup_required"],
  ...[
    "no_permission",
    "missing_scope",
    "not_allowed_token_type",
    "access_denied",
    "accesslimited",
    "ekm_access_denied",
  ],
  ...["channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "restricted_action"],
  ...["org_login_required", "team_access_not_granted", "enterprise_is_restricted", "action_prohibited"],
  ...[
    "no_service",
    "no_active_hooks",
    "no_team",
    "team_disabled",
    "invalid_token",
    "posting_to_general_channel_denied",
  ],
]);
/** Slack has the message of this id, or had it and somebody removed it. */
const KNOWN: ReadonlySet<string> = new Set(["duplicate_message_not_found"]);
/** The message itself was refused: its one line may still pass. */
const UNREADABLE = /^(invalid_blocks|invalid_blocks_format|msg_blocks_too_long|msg_too_long|invalid_payload)$/;

const Answer = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
});

/**
 * One message; returns its names when Slack tells them. `client_msg_id` is an argument that Slack's error table names
 * and its list of arguments does not: where Slack honours it a repeated sending is one message, and where not, two.
 * A message whose blocks are refused is sent again as its one line, for a plain alert is better than none.
 * Throws Throttled, Transient, Misconfigured or Rejected.
 */
export async function postToSlack(target: SlackTarget, { message, id, thread }: Post): Promise<Thread | null> {
  try {
    return await send(target, { message, id, thread });
  } catch (error) {
    if (!(error instanceof Failure) || !UNREADABLE.test(error.code) || message.blocks.length === 0) throw error;
    return send(target, { message: { ...message, blocks: [] }, id, thread });
  }
}

async function send(target: SlackTarget, { message, id, thread }: Post): Promise<Thread | null> {
  const content = { text: message.text, ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }) };
  const addressed =
    target.by === "webhook"
      ? content
      : {
          channel: thread?.channel ?? target.channel,
          ...content,
          client_msg_id: id,
          // A link in an error's text must not become a preview.
          unfurl_links: false,
          unfurl_media: false,
          ...(thread === null ? {} : { thread_ts: thread.ts }),
        };
  const reply = await post({
    url: target.url,
    what: WHAT,
    timeoutMs: CALL_MS,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      ...(target.by === "bot" ? { Authorization: `Bearer ${target.token}` } : {}),
    },
    body: JSON.stringify(addressed),
  });
  return target.by === "webhook" ? webhookAnswer(reply) : botAnswer(reply);
}

/** `ok`, or a status with one word. */
function webhookAnswer(reply: Reply): null {
  const found = statusFailure(reply, WHAT);
  if (found === undefined) return null;
  throw found.name === "Rejected" ? named(nameIn(reply.text) ?? "refused", reply.headers) : found;
}

function botAnswer(reply: Reply): Thread | null {
  const found = statusFailure(reply, WHAT);
  if (found !== undefined) throw found;
  const answer = Answer.safeParse(parse(reply.text));
  if (!answer.success) {
    throw failure("Transient", WHAT, "unexpected_reply", "The reply is not the JSON that Slack promises.");
  }
  const { ok, error = "unknown_error", channel, ts } = answer.data;
  if (!ok && !KNOWN.has(error)) throw named(nameIn(error) ?? "unknown_error", reply.headers);
  return channel === undefined || ts === undefined ? null : { channel, ts };
}

function named(error: string, headers: Headers): Failure {
  const reason = `Slack answered "${error}".`;
  if (BUSY.has(error)) return failure("Throttled", WHAT, error, reason, { retryAfterSeconds: retryAfter(headers) });
  if (FOR_NOW.has(error)) return failure("Transient", WHAT, error, reason);
  if (SETTING.has(error) || error.startsWith("restricted_action")) {
    return failure("Misconfigured", WHAT, error, reason, {
      hint: 'Correct the secret "slack/bot", or invite the bot to its channel.',
    });
  }
  return failure("Rejected", WHAT, error, reason, { hint: "`npx millrace alerts` shows what was not sent." });
}

/** Names are words of Slack's; anything else in a reply is not shown. */
const nameIn = (text: string): string | undefined => /^[a-z][a-z0-9_]{1,63}$/.exec(text.trim())?.[0];

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
