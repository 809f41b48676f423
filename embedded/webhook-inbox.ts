import { createHmac, timingSafeEqual } from "node:crypto";
import { openDatabase } from "../core/io/embedded/database.ts";
import { textOf } from "../core/io/embedded/row.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS received (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL, body TEXT NOT NULL, signature_valid INTEGER NOT NULL, received_at TEXT NOT NULL
  );
`;

export interface ReceivedWebhook {
  readonly url: string;
  readonly body: string;
  readonly signatureValid: boolean;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
}

export interface InboxOptions {
  /** Header with the lower-case hex HMAC-SHA256 of the body. */
  readonly signatureHeader: string;
  readonly secret: string;
}

/** What the sender is told. */
export interface InboxReply {
  readonly status: number;
  readonly body: unknown;
}

export interface WebhookInbox {
  receive(url: string, method: string, headers: Readonly<Record<string, unknown>>, body: Buffer): InboxReply;
  /** Oldest first. */
  list(): ReceivedWebhook[];
  close(): void;
}

/**
 * A receiver of signed webhooks for a machine without the real one. It keeps everything it got, valid or not, and
 * answers as the receiver that it stands in for: 405 when the signature is wrong.
 */
export function openWebhookInbox(stateDir: string, options: InboxOptions): WebhookInbox {
  const db = openDatabase(stateDir, "inbox.db", SCHEMA);
  const insert = db.prepare("INSERT INTO received (url, body, signature_valid, received_at) VALUES (?, ?, ?, ?)");
  return {
    receive(url, method, headers, body) {
      const signatureValid =
        method === "POST" && signed(body, headers[options.signatureHeader.toLowerCase()], options.secret);
      insert.run(url, body.toString("utf8"), signatureValid ? 1 : 0, new Date().toISOString());
      return signatureValid
        ? { status: 200, body: { status: "success", message: "Webhook received" } }
        : { status: 405, body: { detail: `Method "${method}" not allowed.` } };
    },
    list: () =>
      db
        .prepare("SELECT url, body, signature_valid, received_at FROM received ORDER BY seq")
        .all()
        .map((row) => ({
          url: textOf(row, "url"),
          body: textOf(row, "body"),
          signatureValid: row["signature_valid"] === 1,
          receivedAt: textOf(row, "received_at"),
        })),
    close: () => db.close(),
  };
}

function signed(body: Buffer, header: unknown, secret: string): boolean {
  if (typeof header !== "string" || !/^[0-9a-f]{64}$/.test(header)) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(header, "hex"));
}
