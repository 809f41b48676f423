import type { EnvironmentName } from "../../core/model/pipeline.ts";

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The address as it is called, or undefined when it may not be: https of the one host on its usual port, or, outside
 * production, http of a loopback address, where stand-ins listen. It comes from a secret, never from an event.
 */
export function allowedAddress(address: string, host: string, environment: EnvironmentName): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return undefined;
  const isReal = url.protocol === "https:" && url.host === host;
  const isStandIn = url.protocol === "http:" && LOOPBACK.test(url.hostname) && environment !== "production";
  return isReal || isStandIn ? url.href : undefined;
}
