import type * as z from "zod";
import type { HttpReply } from "../../core/io/http.ts";
import { answered, type Asked } from "./reply-failures.ts";

export interface JsonAnswer<T> {
  readonly status: number;
  /** As it was received. */
  readonly text: string;
  readonly value: T;
}

/**
 * The promised JSON. What is answered in its place (a sign-in page, half a body) may be a matter of the moment once, and
 * is Malformed `reply_not_json` the second time.
 */
export async function askJson<T>(
  schema: z.ZodType<T>,
  asked: Asked,
  ask: () => Promise<HttpReply>,
): Promise<JsonAnswer<T>> {
  for (let repeated = false; ; repeated = true) {
    const reply = await ask();
    const text = textOf(reply.bytes);
    const parsed = schema.safeParse(text === undefined ? undefined : parse(text));
    if (parsed.success && text !== undefined) return { status: reply.status, text, value: parsed.data };
    if (!repeated) continue;
    throw answered("Malformed", "reply_not_json", asked, reply, {
      reason: `The reply is not the promised JSON: ${reasonOf(parsed.error)}.`,
    });
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const reasonOf = (error: z.ZodError | undefined): string => {
  const issue = error?.issues[0];
  return issue === undefined ? "it is no text" : `${issue.path.join(".") || "it"}: ${issue.message}`;
};
