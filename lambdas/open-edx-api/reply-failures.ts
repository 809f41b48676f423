import type { HttpReply, NetworkFault } from "../../core/io/http.ts";
import { Failure, type FailureName } from "../../core/model/failures.ts";
import { excerpt } from "../../core/model/redact.ts";

const REPLY_SHOWN_BYTES = 2_048;

export interface Asked {
  /** In words: "read the outline of course-v1:Org+Course+Run". */
  readonly what: string;
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Taken out of what was answered; asked for then, for a token may be newer than its question. */
  readonly secrets: () => readonly string[];
}

export type Heard = Pick<HttpReply, "status" | "bytes">;

export function answered(
  name: FailureName,
  code: string,
  asked: Asked,
  heard: Heard,
  rest: { readonly hint?: string; readonly retryAfterSeconds?: number; readonly reason?: string } = {},
): Failure {
  const { reason, ...more } = rest;
  const where = `HTTP ${heard.status} from ${asked.method} ${addressOf(asked)}`;
  const why = reason === undefined ? "" : ` ${reason}`;
  return new Failure(name, `Could not ${asked.what}: ${where}.${why} ${prospect(name)}`, {
    code,
    what: asked.what,
    ...more,
    details: {
      request: { method: asked.method, url: addressOf(asked), status: heard.status },
      reply: shown(heard, asked),
    },
  });
}

/** What of a reply is put on record. */
const shown = ({ bytes }: Pick<Heard, "bytes">, { secrets }: Pick<Asked, "secrets">): string =>
  excerpt(bytes, REPLY_SHOWN_BYTES, secrets());

export const unanswered = ({ name, code, reason }: NetworkFault, asked: Asked): Failure =>
  new Failure(
    name,
    `Could not ${asked.what}: no answer from ${asked.method} ${addressOf(asked)}. ${reason} ${prospect(name)}`,
    {
      code: `openedx_${code}`,
      what: asked.what,
      ...(name === "Misconfigured" ? { hint: "Correct the address in the deployment's secret." } : {}),
      details: { request: { method: asked.method, url: addressOf(asked) } },
    },
  );

/** A query may hold what is nobody's business: a user name. */
const addressOf = ({ url }: Asked): string => url.split("?", 1)[0] ?? url;

const prospect = (name: FailureName): string =>
  name === "Transient" || name === "Throttled"
    ? "Retrying may clear this."
    : name === "Rejected"
      ? "Retrying cannot clear this: the request itself is refused."
      : "Retrying cannot clear this.";
