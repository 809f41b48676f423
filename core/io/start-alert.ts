import { createHash } from "node:crypto";
import type { AlertEvent } from "../model/alerts/alert-event.ts";
import { isFailure } from "../model/failures.ts";
import { OPERATIONS } from "../model/platform-domains.ts";
import type { Executions } from "./ports.ts";

/** A run of `operations` that keeps the alert and tells of it. One for each `key`: asking for it again is harmless. */
export const startAlert = (
  executions: Pick<Executions, "start">,
  { key, trigger, event }: { readonly key: string; readonly trigger: string; readonly event: AlertEvent },
): Promise<void> => startOnce(executions, `alert-${shortDigest(key)}`, { job: "alert", trigger, event });

/** The same name with other input says the same a second time, with less known of what came before: the first counts. */
export async function startOnce(executions: Pick<Executions, "start">, name: string, input: unknown): Promise<void> {
  try {
    await executions.start({ domain: OPERATIONS, name, input });
  } catch (error) {
    if (!isFailure(error) || error.code !== "execution_taken") throw error;
  }
}

export const shortDigest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
