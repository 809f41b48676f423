import type { Button, ContextBlock, HeaderBlock, ActionsBlock, SectionBlock } from "@slack/types";
import { SLACK, cut, escaped, oneLine } from "./slack-text.ts";

/** The blocks that alerts are made of: each holds its own limits, whatever it is given. */
export type AlertBlock = HeaderBlock | SectionBlock | ContextBlock | ActionsBlock;

export interface SlackMessage {
  /** One line: notifications show it, and Slack itself where blocks cannot be shown. */
  readonly text: string;
  readonly blocks: readonly AlertBlock[];
}

const SUMMARY_MAX = 300;

export const message = (summary: string, blocks: readonly (AlertBlock | undefined)[]): SlackMessage => ({
  text: escaped(oneLine(summary), SUMMARY_MAX) || "Millrace",
  blocks: blocks.filter((block) => block !== undefined).slice(0, SLACK.blocks),
});

export const header = (text: string): HeaderBlock => ({
  type: "header",
  text: { type: "plain_text", text: cut(oneLine(text), SLACK.header) || "-" },
});

/** Lines of mrkdwn, escaped where they hold text of others; what is too long together is cut again. */
export const section = (lines: readonly string[], button?: Button): SectionBlock => ({
  type: "section",
  text: { type: "mrkdwn", text: cutMarkup(lines.join("\n"), SLACK.section) || "-" },
  ...(button === undefined ? {} : { accessory: button }),
});

export const context = (text: string): ContextBlock => ({
  type: "context",
  elements: [{ type: "mrkdwn", text: cutMarkup(text, SLACK.section) || "-" }],
});

/** Undefined when the address is no http(s) URL or too long: a message without a link is better than none. */
export function button(text: string, url: string | undefined): Button | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { href, protocol } = new URL(url);
  if (href.length > SLACK.url || (protocol !== "https:" && protocol !== "http:")) return undefined;
  return { type: "button", text: { type: "plain_text", text: cut(oneLine(text), SLACK.button) || "Open" }, url: href };
}

export function actions(buttons: readonly (Button | undefined)[]): ActionsBlock | undefined {
  const elements = buttons.filter((one) => one !== undefined).slice(0, SLACK.actions);
  return elements.length === 0 ? undefined : { type: "actions", elements };
}

/** `*Name:* value`; the value is escaped and cut to one line. */
export const field = (name: string, value: string, max = 500): string =>
  `*${name}:* ${escaped(oneLine(value), max) || "-"}`;

/** Of text that is escaped already: an entity is never divided. */
function cutMarkup(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${cut(text, max)
    .slice(0, -3)
    .replace(/&[a-z]{0,3}$/, "")}...`;
}
