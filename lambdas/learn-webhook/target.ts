import type { Secrets } from "../../core/io/ports.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { Failure } from "../../core/model/failures.ts";
import { addressProblem } from "../../core/model/service-address.ts";

const ROLE = "learn/webhook";
/** The receiver's public production address: no other environment may send there. */
const PRODUCTION_HOSTS: ReadonlySet<string> = new Set(["api.learn.mit.edu", "learn.mit.edu"]);

export interface LearnTarget {
  /** Address of the receiver, without the route. */
  readonly base: URL;
  readonly token: string;
}

/**
 * Address and shared secret are one record, so that one cannot be that of another environment. Throws Misconfigured
 * `secret_missing`, `secret_field_missing`, `learn_url_invalid` or `wrong_environment`, before anything is sent.
 */
export async function learnTarget(secrets: Secrets, environment: EnvironmentName): Promise<LearnTarget> {
  const fields = await secrets.read(ROLE);
  const address = (fields["url"] ?? fields["base_url"] ?? "").trim();
  const token = (fields["token"] ?? "").trim();
  if (address === "")
    throw misconfigured("secret_field_missing", `The secret "${ROLE}" has no field "url" or "base_url".`);
  if (token === "") throw misconfigured("secret_field_missing", `The secret "${ROLE}" has no field "token".`);
  const tagged = fields["environment"]?.trim();
  if (tagged !== undefined && tagged !== environment) {
    throw misconfigured(
      "wrong_environment",
      `The secret "${ROLE}" is that of "${tagged}", and this is "${environment}".`,
    );
  }
  const base = addressOf(address);
  if (environment !== "production" && PRODUCTION_HOSTS.has(base.hostname)) {
    throw misconfigured("wrong_environment", `"${environment}" may not send to ${base.hostname}: that is production.`);
  }
  return { base, token };
}

export const urlOf = ({ base }: LearnTarget, route: string): string =>
  new URL(base.pathname.replace(/\/+$/, "") + route, base).href;

function addressOf(address: string): URL {
  const problem = addressProblem(address);
  if (problem === undefined) return new URL(address);
  throw misconfigured("learn_url_invalid", `The address in the secret "${ROLE}" ${problem}.`);
}

const misconfigured = (code: string, message: string): Failure =>
  new Failure("Misconfigured", message, {
    code,
    what: "prepare a webhook to MIT Learn",
    hint: `Correct the secret "${ROLE}" ("url" or "base_url", "token", optionally "environment") and start the run again.`,
    details: { role: ROLE },
  });
