import { setTimeout as sleep } from "node:timers/promises";
import { Failure, isFailure } from "../../model/failures.ts";

const TIMEOUT_MS = 10_000;
/** A call outlives a short restart of the engine, no more: after it the engine counts the worker as lost. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;

export interface EngineCall {
  readonly url: URL;
  readonly body: Readonly<Record<string, unknown>>;
  /** What is attempted, in words. */
  readonly what: string;
  /** Read anew for each attempt. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>;
  /** What an answer other than 2xx means; a Transient is tried again. */
  readonly refused: (status: number, text: string) => Failure;
}

/** Asks the engine on loopback; gives the body of its answer. */
export async function callEngine(call: EngineCall): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(call);
    } catch (error) {
      if (!isFailure(error) || error.name !== "Transient" || attempt === ATTEMPTS) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

async function ask(call: EngineCall): Promise<string> {
  const { status, text } = await answer(call).catch((cause: unknown) => {
    if (isFailure(cause)) throw cause;
    throw new Failure("Transient", `Cannot ${call.what}: the engine at ${call.url.origin} does not answer.`, {
      code: "engine_unreachable",
      what: call.what,
      cause,
    });
  });
  if (status >= 200 && status < 300) return text;
  throw call.refused(status, text);
}

async function answer({ url, body, headers }: EngineCall): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(await headers?.()) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}

export const isPassing = (status: number): boolean => status >= 500 || status === 408;
