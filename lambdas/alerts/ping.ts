import { setTimeout as pause } from "node:timers/promises";
import type { Secrets } from "../../core/io/ports.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { allowedAddress } from "./address.ts";
import { post, statusFailure } from "./call.ts";

const HOST = "https://hc-ping.com";
const CALL_MS = 10_000;
const ATTEMPTS = 3;
const BETWEEN_MS = 1_000;

export type PingSignal = "success" | "fail" | "start";

/** The role's secret: `{check}` and, for a service of one's own, `{host}`. */
export const pingRole = (deployment: string): string => `healthchecks/${deployment}`;

/**
 * Tells the watching service the result of a whole pipeline: `<host>/<check>`, `/fail` or `/start`, 3 attempts of
 * 10 s. False = there is no secret, so nobody watches. Throws the failure of the last attempt: its caller makes an
 * alert of it and never a failed run.
 */
export async function ping(
  secrets: Secrets,
  environment: EnvironmentName,
  deployment: string,
  signal: PingSignal,
  betweenMs = BETWEEN_MS,
): Promise<boolean> {
  const role = pingRole(deployment);
  const fields = await secrets.read(role).catch((error: unknown) => {
    if (isFailure(error) && error.code === "secret_missing") return undefined;
    throw error;
  });
  if (fields === undefined) return false;
  const url = pingUrl(role, fields, environment, signal);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await once(url, role);
      return true;
    } catch (error) {
      const isForNow = isFailure(error) && (error.name === "Transient" || error.name === "Throttled");
      if (!isForNow || attempt >= ATTEMPTS) throw error;
      await pause(betweenMs);
    }
  }
}

async function once(url: string, role: string): Promise<void> {
  const what = `ping the check of ${role}`;
  const reply = await post({ url, what, timeoutMs: CALL_MS });
  const found = statusFailure(reply, what);
  if (found !== undefined) throw found;
}

/** Joined by segments: resolved against one another as URLs, the last one would replace the check's id. */
function pingUrl(
  role: string,
  fields: Readonly<Record<string, string>>,
  environment: EnvironmentName,
  signal: PingSignal,
): string {
  const check = (fields["check"] ?? "").trim().replace(/^\/+|\/+$/g, "");
  const host = (fields["host"] ?? "").trim() || HOST;
  const address = URL.canParse(host) ? allowedAddress(host, new URL(host).host, environment) : undefined;
  // One id, or the service's `<ping key>/<slug>`.
  if (address === undefined || !/^[\w-]+(\/[\w-]+)?$/.test(check)) {
    throw new Failure("Misconfigured", `The secret "${role}" has no usable "check" or "host".`, {
      code: "ping_secret_invalid",
      what: `ping the check of ${role}`,
      hint: `Write the secret "${role}" as {"check": "<id>"}, and "host" only for a service of your own (https).`,
      details: { role },
    });
  }
  return [address.replace(/\/+$/, ""), check, ...(signal === "success" ? [] : [signal])].join("/");
}
