import * as z from "zod";
import { Failure, isFailureName } from "../../core/model/failures.ts";
import { readAddress, type EngineAddress } from "../server/state-folder.ts";

const TIMEOUT_MS = 60_000;

const Refusal = z.object({
  failure: z.looseObject({
    class: z.string(),
    code: z.string(),
    what: z.string(),
    message: z.string(),
    hint: z.string().optional(),
  }),
});

export interface EngineClient {
  readonly address: EngineAddress;
  readonly url: string;
  get<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T>;
}

/** The engine that listens for this state folder, or undefined when none answers. */
export async function findEngine(stateDir: string): Promise<EngineClient | undefined> {
  const address = readAddress(stateDir);
  if (address === undefined) return undefined;
  const client = clientOf(address);
  try {
    const health = await client.get("/api/health", z.looseObject({ pid: z.number() }));
    return health.pid === address.pid ? client : undefined;
  } catch {
    // Killed without a goodbye: its address is left over.
    return undefined;
  }
}

function clientOf(address: EngineAddress): EngineClient {
  const url = `http://127.0.0.1:${address.port}`;
  const call = async <T>(method: string, path: string, body: unknown, shape: z.ZodType<T>): Promise<T> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${address.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Failure("Transient", `The engine at ${url} does not answer.`, {
        code: "engine_unreachable",
        what: `${method} ${path}`,
        hint: "Look into logs/engine.log in the state folder, then try again.",
        cause,
      });
    });
    const answer: unknown = await response.json();
    if (response.ok) return shape.parse(answer);
    const refusal = Refusal.safeParse(answer);
    const {
      class: name,
      code,
      what,
      message,
      hint,
    } = refusal.success
      ? refusal.data.failure
      : {
          class: "Rejected",
          code: "refused",
          what: path,
          message: `HTTP ${response.status} from ${path}`,
          hint: undefined,
        };
    throw new Failure(isFailureName(name) ? name : "Rejected", message, {
      code,
      what,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  return {
    address,
    url,
    get: (path, shape) => call("GET", path, undefined, shape),
    post: (path, body, shape) => call("POST", path, body, shape),
  };
}
