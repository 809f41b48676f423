import type { Secrets } from "../../core/io/ports.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { allowedAddress } from "./address.ts";

const ROLE = "slack/bot";
const API = "https://slack.com/api";

export type SlackTarget =
  | { readonly by: "bot"; readonly url: string; readonly token: string; readonly channel: string }
  /** Its channel is part of it, and it tells no name of a message: replies become messages. */
  | { readonly by: "webhook"; readonly url: string };

/** Why nothing is sent: alerts are then kept, which is a choice and no failure. */
export interface NoTarget {
  readonly by: "none";
  readonly reason: string;
}

/** An id names one channel for good; a name is completed by the environment. */
const CHANNEL_ID = /^[CGD][A-Z0-9]{7,}$/;
/** Where people try things out: without a channel of its own nothing is posted. */
const QUIET: ReadonlySet<EnvironmentName> = new Set(["dev", "ci", "emulated"]);

/**
 * Read when sending, so that a new token counts at once. `{token, channel}` posts as a bot, `{webhookUrl}` to an
 * incoming webhook. The channel is `<channel>` in production and `<channel>-<environment>` elsewhere.
 * `baseUrl` points to a stand-in on a loopback address, outside production only.
 * Throws Misconfigured `slack_secret_invalid`; never shows a value.
 */
export async function slackTarget(secrets: Secrets, environment: EnvironmentName): Promise<SlackTarget | NoTarget> {
  const fields = await readRole(secrets);
  if (fields === undefined) return { by: "none", reason: "no Slack secret" };
  const [token, channel, webhook] = ["token", "channel", "webhookUrl"].map((name) => (fields[name] ?? "").trim());
  if (webhook) return { by: "webhook", url: allowed(webhook, "hooks.slack.com", "webhookUrl", environment) };
  if (!token) throw invalid('has neither "token" nor "webhookUrl"');
  if (!channel) {
    if (QUIET.has(environment)) return { by: "none", reason: `no Slack channel for ${environment}` };
    throw invalid('has no "channel"');
  }
  const base = allowed((fields["baseUrl"] ?? "").trim() || API, "slack.com", "baseUrl", environment);
  return {
    by: "bot",
    url: `${base.replace(/\/+$/, "")}/chat.postMessage`,
    token,
    channel: named(channel, environment),
  };
}

async function readRole(secrets: Secrets): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return await secrets.read(ROLE);
  } catch (error) {
    if (isFailure(error) && error.code === "secret_missing") return undefined;
    throw error;
  }
}

function named(channel: string, environment: EnvironmentName): string {
  const suffix = `-${environment}`;
  return environment === "production" || CHANNEL_ID.test(channel) || channel.endsWith(suffix)
    ? channel
    : `${channel}${suffix}`;
}

function allowed(address: string, host: string, field: string, environment: EnvironmentName): string {
  const url = allowedAddress(address, host, environment);
  if (url === undefined) throw invalid(`has a "${field}" that is no https address of ${host}`);
  return url;
}

const invalid = (reason: string): Failure =>
  new Failure("Misconfigured", `The secret "${ROLE}" ${reason}.`, {
    code: "slack_secret_invalid",
    what: "prepare a message to Slack",
    hint: `Write the secret "${ROLE}" as {"token", "channel"} or {"webhookUrl"}.`,
    details: { role: ROLE },
  });
