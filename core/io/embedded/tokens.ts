import { Failure } from "../../model/failures.ts";
import type { TaskTokens } from "../ports.ts";
import { taskGone } from "../token-failures.ts";
import { callEngine, isPassing } from "./engine-call.ts";

/** Call-backs of tasks to the engine on loopback. */
export function embeddedTokens(engineUrl: string): TaskTokens {
  const call = async (verb: "succeed" | "fail" | "heartbeat", body: Record<string, unknown>): Promise<void> => {
    const url = new URL(`/tokens/${verb}`, engineUrl);
    const what = `report "${verb}" of a task`;
    await callEngine({ url, body, what, refused: (status, text) => refused(url, what, status, text) });
  };
  return {
    succeed: (token, output) => call("succeed", { token, output: output ?? null }),
    fail: (token, error, cause) => call("fail", { token, error, cause }),
    heartbeat: (token) => call("heartbeat", { token }),
  };
}

function refused(url: URL, what: string, status: number, text: string): Failure {
  if (status === 410) return taskGone(what);
  const name = isPassing(status) ? "Transient" : "Rejected";
  return new Failure(name, `Cannot ${what}: HTTP ${status} from POST ${url.pathname}: ${text.slice(0, 500)}`, {
    code: "token_refused",
    what,
    details: { status },
  });
}
