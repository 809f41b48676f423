import * as z from "zod";
import type { EngineClient } from "../../../embedded/control/client.ts";
import { EXIT, table } from "../output.ts";
import type { Verb } from "../verb.ts";

const Items = z.object({
  items: z.array(
    z.object({
      data: z.looseObject({
        state: z.string(),
        url: z.string(),
        body: z.string(),
        version: z.string(),
        deliveredAt: z.string().nullable(),
        attempts: z.number(),
      }),
    }),
  ),
});
const Received = z.object({
  received: z.array(
    z.object({ url: z.string(), body: z.string(), signatureValid: z.boolean(), receivedAt: z.string() }),
  ),
});

export interface Delivery {
  readonly url: string;
  /** Null when the receiver is not our own inbox: nobody here has checked it. */
  readonly signatureValid: boolean | null;
  readonly body: unknown;
  /** Digest of the content that was announced. */
  readonly version: string;
  /** Null: not yet, or refused. */
  readonly deliveredAt: string | null;
  readonly attempts: number;
  readonly state: string;
}

/** What was sent, as the ledger has it, with what our own inbox found about the signature. */
export async function readDeliveries(engine: EngineClient): Promise<Delivery[]> {
  const [{ items }, { received }] = await Promise.all([
    engine.get("/api/ledger/delivery", Items),
    engine.get("/api/webhooks", Received),
  ]);
  return items
    .map(({ data }) => data)
    .filter(({ state }) => state !== "superseded")
    .map(({ url, body, version, deliveredAt, attempts, state }) => {
      const seen = received.filter((one) => one.body === body);
      const signatureValid = seen.length === 0 ? null : seen.some((one) => one.signatureValid);
      return { url, signatureValid, body: parse(body), version, deliveredAt, attempts, state };
    })
    .sort((a, b) => (a.deliveredAt ?? "~").localeCompare(b.deliveredAt ?? "~"));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const deliveries: Verb = {
  usage: "deliveries",
  summary: "List webhooks that were sent",
  home: "engine",
  examples: ["deliveries", "deliveries --json"],
  async run(_, { out, engine }) {
    const found = await readDeliveries(await engine());
    out.result(found, () =>
      found.length === 0
        ? "Nothing was sent yet."
        : table(
            ["url", "signature", "version", "delivered", "attempts", "state", "body"],
            found.map((one) => [
              one.url,
              one.signatureValid === null ? "not checked" : one.signatureValid ? "valid" : "wrong",
              one.version.slice(0, 12),
              one.deliveredAt?.slice(0, 19),
              one.attempts,
              one.state,
              JSON.stringify(one.body),
            ]),
          ),
    );
    return EXIT.ok;
  },
};
