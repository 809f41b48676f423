import { setTimeout as pause } from "node:timers/promises";
import { classOfStatus, request, retryAfter, type HttpReply } from "../../core/io/http.ts";
import { Failure, type FailureName } from "../../core/model/failures.ts";
import { answered, unanswered, type Asked } from "./reply-failures.ts";

/** Epoch milliseconds. Pauses end early when the signal aborts. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<unknown>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, signal === undefined ? {} : { signal }),
};

export interface Question extends Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Default 8 MB. */
  readonly maxBytes?: number;
  /** Whether what came with status 400 is an answer all the same. */
  readonly acceptsBadRequest?: (reply: HttpReply) => boolean;
}

const CALL_MS = 60_000;
const WAITS = 3;
const REPLY_MAX_BYTES = 8 * 1_024 * 1_024;

export interface Transport {
  readonly clock: Clock;
  /**
   * One answer, of which 429 is none: what the other side asks to wait is waited, three times at most and never past the
   * deadline. Meanwhile nobody else of this transport asks either, and nobody at all if that is past it. Throws Throttled, Transient, Misconfigured, Conflict,
   * Rejected, Malformed `reply_too_large`; of 401 Rejected `unauthorised`, of which the session makes more.
   */
  ask(question: Question): Promise<HttpReply>;
}

/** `perSecond`: calls of all who share it, evenly spread; default as many as they make. */
export function openTransport(clock: Clock, deadline: number, perSecond = Infinity): Transport {
  const gapMs = 1_000 / perSecond;
  let quietUntil = 0;
  let latest = -Infinity;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other: those who have waited for the same moment do not all come at it. */
  const mayAsk = (question: Question): Promise<void> => {
    const mine = turn.then(() => wait(question));
    turn = mine.catch(() => undefined);
    return mine;
  };
  /** Others may have been asked to wait again meanwhile. */
  const wait = async (question: Question): Promise<void> => {
    for (;;) {
      question.signal?.throwIfAborted();
      const now = clock.now();
      if (now >= deadline) throw tooLate(question);
      if (quietUntil > deadline) throw tooEarly(question, Math.ceil((quietUntil - now) / 1_000));
      const left = Math.max(quietUntil, latest + gapMs) - now;
      if (left <= 0) {
        latest = now;
        return;
      }
      await clock.sleep(left, question.signal);
    }
  };

  const askOnce = async (question: Question): Promise<HttpReply> => {
    const { method, url, headers, body, signal, maxBytes = REPLY_MAX_BYTES } = question;
    const left = Math.max(1, deadline - clock.now());
    const reply = await request({
      ...{ method, url, maxBytes, timeoutMs: Math.min(CALL_MS, Math.ceil(left)) },
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    if ("code" in reply) throw unanswered(reply, question);
    return reply;
  };

  const ask: Transport["ask"] = async (question) => {
    const { acceptsBadRequest = () => false } = question;
    for (let waits = 0; ;) {
      await mayAsk(question);
      const reply = await askOnce(question);
      const isAnswer = reply.status === 400 && acceptsBadRequest(reply);
      const name = isAnswer ? undefined : classOfStatus(reply.status);
      if (name === "Throttled") {
        const retryAfterSeconds = retryAfter(reply.headers, clock.now());
        const until = clock.now() + retryAfterSeconds * 1_000;
        quietUntil = Math.max(quietUntil, until);
        if (waits === WAITS || until > deadline) {
          const reason = waits === WAITS ? `It was asked to wait ${WAITS} times.` : "The wait would end too late.";
          throw answered(name, "openedx_throttled", question, reply, { retryAfterSeconds, reason });
        }
        waits += 1;
        continue;
      }
      if (name !== undefined) throw answered(name, codeOf(name, reply.status), question, reply);
      if (!reply.isCut) return reply;
      throw answered("Malformed", "reply_too_large", question, reply, { reason: "The reply is larger than allowed." });
    }
  };
  return { clock, ask };
}

const codeOf = (name: FailureName, status: number): string => {
  if (status === 401) return "unauthorised";
  if (name === "Transient") return "openedx_unavailable";
  if (status === 404) return "openedx_not_there";
  return name === "Conflict" ? "openedx_conflict" : "openedx_refused";
};

const tooLate = ({ what }: Question): Failure =>
  new Failure("Transient", `Could not ${what}: no time is left for it.`, { code: "deadline_passed", what });

const tooEarly = ({ what }: Question, retryAfterSeconds: number): Failure =>
  new Failure("Throttled", `Could not ${what}: the other side has asked to wait longer than there is time.`, {
    code: "openedx_throttled",
    what,
    retryAfterSeconds,
  });
