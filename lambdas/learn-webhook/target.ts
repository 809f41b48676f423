import type { Secrets } from "../../core/io/ports.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { Failure } from "../../core/model/failures.ts";

const ROLE = "learn/webhook";
/** The receiver's public production address: no other environment may send there. */
const PRODUCTION_HOSTS: ReadonlySet<string> = new Set(["api.learn.mit.edu", "learn.mit.edu"]);
const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

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
  const invalid = (reason: string) =>
    misconfigured("learn_url_invalid", `The address in the secret "${ROLE}" ${reason}.`);
  if (!URL.canParse(address)) throw invalid("is no URL");
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") throw invalid("holds a user name or password");
  if (url.search !== "" || url.hash !== "") throw invalid("holds a query or fragment");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    throw invalid("is not https (http is for loopback addresses only)");
  }
  return url;
}

const misconfigured = (code: string, message: string): Failure =>
  new Failure("Misconfigured", message, {
    code,
    what: "prepare a webhook to MIT Learn",
    hint: `Correct the secret "${ROLE}" ("url" or "base_url", "token", optionally "environment") and start the run again.`,
    details: { role: ROLE },
  });
