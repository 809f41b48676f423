import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";

/** chat.postMessage, an incoming webhook and a ping service on loopback; shares no code with the sender. */
export interface SlackStandIn {
  /** Without a final slash: the `baseUrl` of the secret. */
  readonly url: string;
  readonly webhookUrl: string;
  /** What was accepted, in order. A message whose id was known is not here twice. */
  readonly accepted: readonly AcceptedMessage[];
  /** Every call, answered or not. */
  readonly calls: readonly ReceivedCall[];
  answerNext(...answers: readonly SlackAnswer[]): void;
  close(): Promise<void>;
}

export interface AcceptedMessage {
  readonly ts: string;
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly Record<string, unknown>[];
  readonly thread_ts?: string;
  readonly client_msg_id?: string;
}

export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

export interface SlackAnswer {
  /** 0 = the connection is cut; with `accept` the message was taken before. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly error?: string;
  readonly accept?: boolean;
  readonly delayMs?: number;
}

export interface SlackOptions {
  readonly token?: string;
  readonly channels?: readonly string[];
  /** Whether a known `client_msg_id` gives the message that there is. Slack does not document it. */
  readonly knowsIds?: boolean;
}

export async function startSlack(options: SlackOptions = {}): Promise<SlackStandIn> {
  const { token = "xoxb-test", channels, knowsIds = true } = options;
  const accepted: AcceptedMessage[] = [];
  const calls: ReceivedCall[] = [];
  const script: SlackAnswer[] = [];

  const accept = (body: Record<string, unknown>): AcceptedMessage => {
    const known = accepted.find((one) => knowsIds && one.client_msg_id === body["client_msg_id"]);
    if (known !== undefined && body["client_msg_id"] !== undefined) return known;
    const ts = `1700000000.${String(accepted.length + 1).padStart(6, "0")}`;
    const message = { channel: "", text: "", blocks: [], ...body, ts } as AcceptedMessage;
    accepted.push(message);
    return message;
  };

  const judge = (request: IncomingMessage, body: Record<string, unknown>): SlackAnswer => {
    if (request.headers.authorization !== `Bearer ${token}`) return { error: "invalid_auth" };
    if (channels !== undefined && !channels.includes(String(body["channel"]))) return { error: "channel_not_found" };
    return brokenLimits(body) === undefined ? { accept: true } : { error: "invalid_blocks" };
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const raw = await textOf(request);
    calls.push({ path, headers: request.headers });
    const body = raw === "" ? {} : (JSON.parse(raw) as Record<string, unknown>);
    const isApi = path === "/chat.postMessage";
    const given = script.shift() ?? (isApi ? judge(request, body) : { accept: true, body: "ok" });
    const message = given.accept === true ? accept(body) : undefined;
    if (given.delayMs !== undefined) await new Promise((done) => setTimeout(done, given.delayMs));
    if (given.status === 0) return void response.destroy();
    response.writeHead(given.status ?? 200, { "content-type": "application/json", ...given.headers });
    response.end(
      given.body ??
        JSON.stringify(
          message === undefined
            ? { ok: false, error: given.error ?? "fatal_error" }
            : { ok: true, channel: message.channel, ts: message.ts, message },
        ),
    );
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    webhookUrl: `${url}/services/T000/B000/x`,
    accepted,
    calls,
    answerNext: (...answers) => void script.push(...answers),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface Text {
  readonly type: string;
  readonly text: string;
}
interface Button {
  readonly text: Text;
  readonly url: string;
}
/** Any block that alerts are made of. */
interface Block {
  readonly type: string;
  readonly text: Text;
  readonly accessory?: Button;
  readonly fields?: readonly unknown[];
  readonly elements: readonly unknown[];
}

/** Slack's published limits for what alerts are made of, written down a second time; undefined = all are kept. */
export function brokenLimits(body: { readonly text?: unknown; readonly blocks?: unknown }): string | undefined {
  const blocks = (body.blocks ?? []) as readonly Block[];
  if (typeof body.text !== "string" || body.text === "" || body.text.includes("\n")) return "text";
  return blocks.length > 50 ? "blocks" : blocks.map(brokenIn).find((found) => found !== undefined);
}

function brokenIn({ type, text, accessory, fields = [], elements }: Block): string | undefined {
  switch (type) {
    case "header":
      return size(text.text, 150) && text.type === "plain_text" ? undefined : "header";
    case "section": {
      if (!isMarkdown(text)) return "section";
      if (fields.length > 10) return "fields";
      if (accessory !== undefined && !isButton(accessory)) return "accessory";
      // A fence that is opened is closed.
      return (text.text.match(/```/g) ?? []).length % 2 === 0 ? undefined : "fence";
    }
    case "context":
      return size(elements, 10) && (elements as readonly Text[]).every(isMarkdown) ? undefined : "context";
    case "actions":
      return size(elements, 25) && (elements as readonly Button[]).every(isButton) ? undefined : "actions";
    default:
      return `type ${type}`;
  }
}

const size = (of: { readonly length: number }, max: number): boolean => of.length >= 1 && of.length <= max;
const isMarkdown = ({ type, text }: Text): boolean =>
  type === "mrkdwn" && size(text, 3_000) && text.isWellFormed() && !/[<>]|&(?!(amp|lt|gt);)/.test(text);
const isButton = ({ text, url }: Button): boolean =>
  text.type === "plain_text" && size(text.text, 75) && size(url, 3_000) && /^https?:\/\//.test(url);
