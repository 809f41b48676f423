import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../model/failures.ts";
import type { TaskTokens } from "../ports.ts";
import { taskGone } from "../token-failures.ts";

const TIMEOUT_MS = 10_000;
/** A call-back outlives a short restart of the engine, no more: after it the engine counts the worker as lost. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;

/** Call-backs of tasks to the engine on loopback. */
export function embeddedTokens(engineUrl: string): TaskTokens {
  const call = async (verb: "succeed" | "fail" | "heartbeat", body: Record<string, unknown>): Promise<void> => {
    const what = `report "${verb}" of a task`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await post(new URL(`/tokens/${verb}`, engineUrl), body, what);
      } catch (error) {
        const retry = error instanceof Failure && error.name === "Transient" && attempt < ATTEMPTS;
        if (!retry) throw error;
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  };
  return {
    succeed: (token, output) => call("succeed", { token, output: output ?? null }),
    fail: (token, error, cause) => call("fail", { token, error, cause }),
    heartbeat: (token) => call("heartbeat", { token }),
  };
}

async function post(url: URL, body: Record<string, unknown>, what: string): Promise<void> {
  const { status, text } = await answer(url, body).catch((cause: unknown) => {
    throw new Failure("Transient", `Cannot ${what}: the engine at ${url.origin} does not answer.`, {
      code: "engine_unreachable",
      what,
      cause,
    });
  });
  if (status >= 200 && status < 300) return;
  if (status === 410) throw taskGone(what);
  const name = status >= 500 || status === 408 ? "Transient" : "Rejected";
  throw new Failure(name, `Cannot ${what}: HTTP ${status} from POST ${url.pathname}: ${text.slice(0, 500)}`, {
    code: "token_refused",
    what,
    details: { status },
  });
}

async function answer(url: URL, body: Record<string, unknown>): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}
