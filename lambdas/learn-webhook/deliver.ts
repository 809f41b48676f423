import { createHmac } from "node:crypto";
import { withLease } from "../../core/io/lease.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { callLearn } from "./client.ts";
import { CONTENT_FILES_ROUTE, deliveryKey, type DeliveryIdentity } from "./delivery-key.ts";
import { newestDelivery, readDelivery, recordNewest, writeDelivery, type Delivery } from "./delivery.ts";
import { inPace } from "./pace.ts";
import { pauseOf, recordAnswer } from "./receiver-pause.ts";
import { askResend, isYoung } from "./resends.ts";
import { urlOf, type LearnTarget } from "./target.ts";

export interface DeliveryRequest extends DeliveryIdentity {
  readonly body: Buffer;
  /** ISO 8601: when this version came up; a later one supersedes it. */
  readonly askedAt: string;
  /** For people: run, state and attempt. */
  readonly holder: string;
  /** Sends it though it was delivered or is blocked; the same word again is the same wish. */
  readonly again?: string;
}

export interface DeliveryOutcome {
  readonly outcome: "delivered" | "already_delivered" | "superseded";
  readonly deliveryKey: string;
  readonly attempts: number;
}

/** A dead sender's lease is free after this; a living one renews it during its call of up to 60 s. */
const LEASE_TTL_SECONDS = 20;
/** Two waits and one call stay below the task's time-out of 240 s. */
const LEASE_WAIT_SECONDS = 80;
/** At most this many calls are in flight in one environment. */
const LANE = "lane/learn-webhook";
const LANE_SLOTS = 4;

/**
 * Sends one delivery unless it is already delivered. The attempt is recorded before the call, so a crash between
 * the call and its record sends once more: at least once, and the receiver takes the same content twice unharmed.
 * What a person has sent `again` follows the same rule: once its answer is on record, the same wish sends nothing more.
 * Throws the failure of the call, after recording it.
 */
export async function deliver(ledger: Ledger, target: LearnTarget, request: DeliveryRequest): Promise<DeliveryOutcome> {
  const key = deliveryKey(request);
  const lease = { holder: request.holder, ttlSeconds: LEASE_TTL_SECONDS, waitSeconds: LEASE_WAIT_SECONDS };
  return inLine(
    withLease(ledger, `delivery/${request.source}#${request.subject}`, lease, async (subject) => {
      const known = await readDelivery(ledger, key);
      const isWish = request.again !== undefined && known?.again !== request.again;
      const again = isWish || (known !== undefined && (await cameBack(ledger, key, known, request)));
      if (known?.state === "delivered" && !again) return outcome("already_delivered", key, known);
      const mark = secretMark(target.token, target.base);
      if (known?.state === "blocked" && known.secretMark === mark && !again) throw blocked(known);
      const due = {
        ...(known ?? fresh(request, target)),
        state: "pending" as const,
        url: urlOf(target, request.route),
        secretMark: mark,
        ...(request.again === undefined ? {} : { again: request.again }),
      };
      if (!(await isNewest(ledger, key, request))) {
        await writeDelivery(ledger, key, { ...due, state: "superseded" });
        return outcome("superseded", key, due);
      }
      return withLease(ledger, LANE, { ...lease, slots: LANE_SLOTS }, async () => {
        const paused = await pauseOf(ledger, target.base.href);
        if (paused !== undefined) {
          await writeDelivery(ledger, key, due);
          throw paused;
        }
        await inPace(ledger);
        await subject.check();
        return send(ledger, target, key, { ...due, attempts: due.attempts + 1 }, request);
      });
    }),
  );
}

/**
 * Another version was told of since, and now this one is the subject's once more. Its record says so before it takes the
 * place of the other, or a death in between would leave it delivered.
 */
async function cameBack(ledger: Ledger, key: string, known: Delivery, request: DeliveryRequest): Promise<boolean> {
  if (known.state !== "delivered") return false;
  const newest = await newestDelivery(ledger, request.source, request.subject);
  if (newest === undefined || newest.key === key || newest.askedAt > request.askedAt) return false;
  await writeDelivery(ledger, key, { ...known, state: "pending" });
  return true;
}

async function send(
  ledger: Ledger,
  target: LearnTarget,
  key: string,
  delivery: Delivery,
  { body, route, again }: DeliveryRequest,
): Promise<DeliveryOutcome> {
  await writeDelivery(ledger, key, delivery);
  const { url, secretMark: mark, source, subject } = delivery;
  const { reply, failure } = await callLearn({ url, token: target.token, body, mark });
  await recordAnswer(ledger, target.base.href, key, failure?.name === "Transient");
  const answered = {
    ...delivery,
    lastCode: reply === undefined ? (failure?.code ?? null) : String(reply.status),
    reply: reply?.text ?? null,
  };
  if (failure !== undefined) {
    await writeDelivery(ledger, key, { ...answered, state: failure.name === "Rejected" ? "blocked" : "pending" });
    throw failure;
  }
  if (route === CONTENT_FILES_ROUTE && again === undefined) {
    const newest = await newestDelivery(ledger, source, subject);
    // Before the record that ends it: whoever dies in between sends again, and is asked again.
    if (isYoung(newest?.firstAt)) await askResend(ledger, key);
  }
  const done = { ...answered, state: "delivered" as const, deliveredAt: new Date().toISOString() };
  await writeDelivery(ledger, key, done);
  return outcome("delivered", key, done);
}

/** Takes the place of the subject's newest version, unless a newer one has it; an older undelivered one is superseded. */
async function isNewest(ledger: Ledger, key: string, request: DeliveryRequest): Promise<boolean> {
  const { source, subject, askedAt } = request;
  const before = await newestDelivery(ledger, source, subject);
  if (before?.key === key) return true;
  if (before !== undefined && before.askedAt > askedAt) return false;
  const firstAt = before === undefined ? new Date().toISOString() : before.firstAt;
  await recordNewest(ledger, { source, subject, key, askedAt, firstAt }, before);
  const older = before === undefined ? undefined : await readDelivery(ledger, before.key);
  if (before !== undefined && older?.state === "pending") {
    await writeDelivery(ledger, before.key, { ...older, state: "superseded" });
  }
  return true;
}

/** The line is long, not wrong: the machine tries again. */
async function inLine<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isFailure(error) || error.code !== "lease_held") throw error;
    throw new Failure("Transient", `Other deliveries to MIT Learn were in front for ${LEASE_WAIT_SECONDS} s.`, {
      code: "learn_lane_busy",
      what: "tell MIT Learn of new content",
      cause: error,
    });
  }
}

const fresh = ({ source, subject, contentDigest, body }: DeliveryRequest, target: LearnTarget): Delivery => ({
  state: "pending",
  source,
  subject,
  url: target.base.href,
  body: body.toString("ascii"),
  version: contentDigest,
  attempts: 0,
  lastCode: null,
  reply: null,
  createdAt: new Date().toISOString(),
  deliveredAt: null,
  secretMark: "",
});

const outcome = (name: DeliveryOutcome["outcome"], key: string, { attempts }: Delivery): DeliveryOutcome => ({
  outcome: name,
  deliveryKey: key,
  attempts,
});

const secretMark = (token: string, base: URL): string =>
  createHmac("sha256", token).update(`millrace delivery mark ${base.href}`).digest("hex").slice(0, 12);

const blocked = ({ lastCode, url, attempts }: Delivery): Failure =>
  new Failure("Rejected", `The delivery to ${url} was refused before (${lastCode ?? "no code"}) and is blocked.`, {
    code: "delivery_blocked",
    what: "tell MIT Learn of new content",
    hint: "It is released by new content, by another secret or by a person.",
    details: { attempts },
  });
