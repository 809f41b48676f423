import { parseJson } from "./json.ts";

/** Who waits for a task token. The last part makes it unguessable and names one attempt only. */
export interface TokenAddress {
  readonly execution: number;
  readonly frame: number;
  readonly attempt: number;
}

export const writeToken = (execution: number, frame: number, attempt: number, secret: string): string =>
  Buffer.from(JSON.stringify([execution, frame, attempt, secret])).toString("base64url");

export function readToken(token: string): TokenAddress | undefined {
  try {
    const parts = parseJson(Buffer.from(token, "base64url").toString("utf8"));
    if (!Array.isArray(parts)) return undefined;
    const [execution, frame, attempt] = parts;
    if (typeof execution !== "number" || typeof frame !== "number" || typeof attempt !== "number") return undefined;
    return { execution, frame, attempt };
  } catch {
    return undefined;
  }
}
