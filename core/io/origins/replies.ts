import { Failure, type FailureName } from "../../model/failures.ts";
import { classOfStatus, retryAfter, type HttpReply, type NetworkFault } from "../http.ts";
import type { OriginObject } from "./origin.ts";

const BODY_SHOWN = 300;

/** The reply, unless it is none. */
export function arrived(reply: HttpReply | NetworkFault, what: string): HttpReply {
  if ("status" in reply) return reply;
  throw new Failure(reply.name, `Cannot ${what}: ${reply.reason}`, { code: `origin_${reply.code}`, what });
}

/** What a status other than a success says. `name`: unless the status alone says it. */
export function refused(
  reply: HttpReply,
  what: string,
  name?: FailureName,
  more: { code?: string; hint?: string } = {},
) {
  const { status, bytes, headers } = reply;
  // A redirect is followed by nobody: credentials would go where nobody has sent them.
  const verdict = name ?? classOfStatus(status) ?? "Rejected";
  const said = bytes.toString("utf8").replaceAll(/\s+/g, " ").slice(0, BODY_SHOWN);
  return new Failure(verdict, `Cannot ${what}: HTTP ${status}${said === "" ? "" : `, ${said}`}`, {
    code: more.code ?? `origin_http_${status}`,
    what,
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    ...(verdict === "Throttled" ? { retryAfterSeconds: retryAfter(headers) } : {}),
  });
}

export const changed = (uri: string, { version }: Pick<OriginObject, "version">, cause?: unknown): Failure =>
  new Failure("Transient", `${uri} is no longer of version ${version}: it was replaced or removed.`, {
    code: "origin_object_changed",
    what: `read ${uri}`,
    hint: "Nothing to do: the next listing names what is there now.",
    cause,
  });

/** The bytes of a range, if they are all there and of the right place. */
export function rangeOf(
  { status, headers, bytes, isCut }: HttpReply,
  uri: string,
  { start, end }: { readonly start: number; readonly end: number },
): Buffer {
  const expected = end - start + 1;
  const place = /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? "");
  const isPlaced = status === 206 ? Number(place?.[1]) === start && Number(place?.[2]) === end : start === 0;
  if (isPlaced && !isCut && bytes.length === expected) return bytes;
  throw new Failure("Transient", `${uri} gave ${bytes.length} bytes of ${expected} from ${start} on.`, {
    code: "origin_interrupted",
    what: `read ${uri}`,
    hint: "It is read again by itself; if it stays so, something between here and there cuts or changes it.",
  });
}
