import { randomBytes } from "node:crypto";
import { embeddedSecrets, writeSecret } from "../../core/io/embedded/secrets.ts";
import { isFailure } from "../../core/model/failures.ts";
import { openWebhookInbox, type WebhookInbox } from "../webhook-inbox.ts";

export interface InboxSettings {
  /** Served at `/inbox/<name>`. */
  readonly name: string;
  readonly signatureHeader: string;
  /** Secret role that is pointed at the inbox, unless it points elsewhere already. */
  readonly secretRole: string;
}

/** Points the secret at our own inbox. A secret that points elsewhere is somebody's real receiver and is left alone. */
export async function openOwnInbox(
  stateDir: string,
  url: string,
  { name, signatureHeader, secretRole }: InboxSettings,
): Promise<WebhookInbox> {
  const own = `${url}/inbox/${name}`;
  const known = await embeddedSecrets(stateDir, {})
    .read(secretRole)
    .catch((error: unknown) => {
      if (isFailure(error) && error.code === "secret_missing") return undefined;
      throw error;
    });
  const isOurs = known === undefined || /^http:\/\/127\.0\.0\.1:\d+\/inbox\//.test(known["url"] ?? "");
  const secret = (isOurs ? known?.["token"] : undefined) ?? randomBytes(32).toString("hex");
  if (isOurs) await writeSecret(stateDir, secretRole, { ...known, url: own, token: secret });
  return openWebhookInbox(stateDir, { signatureHeader, secret });
}
