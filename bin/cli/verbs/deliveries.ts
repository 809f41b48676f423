import { z } from "zod";
import type { EngineClient } from "../../../embedded/control/client.ts";
import { EXIT, table } from "../output.ts";
import type { Verb } from "../verb.ts";

const Items = z.object({
  items: z.array(
    z.object({
      sk: z.string(),
      data: z.looseObject({
        url: z.string().optional(),
        body: z.string().optional(),
        dataVersion: z.string().optional(),
        deliveredAt: z.string().optional(),
        attempts: z.number().optional(),
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
  readonly version: string | null;
  readonly deliveredAt: string | null;
  readonly attempts: number;
}

/** What was sent, as the ledger has it, with what our own inbox found about the signature. */
export async function readDeliveries(engine: EngineClient): Promise<Delivery[]> {
  const [{ items }, { received }] = await Promise.all([
    engine.get("/api/ledger/delivery", Items),
    engine.get("/api/webhooks", Received),
  ]);
  return items.map(({ data }) => {
    const seen = received.filter(({ body }) => body === data.body);
    const valid = seen.find(({ signatureValid }) => signatureValid);
    return {
      url: data.url ?? valid?.url ?? seen[0]?.url ?? "",
      signatureValid: seen.length === 0 ? null : valid !== undefined,
      body: parse(data.body),
      version: data.dataVersion ?? null,
      deliveredAt: data.deliveredAt ?? null,
      attempts: data.attempts ?? seen.length,
    };
  });
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

export const deliveries: Verb = {
  usage: "deliveries",
  summary: "List webhooks that were sent",
  examples: ["deliveries", "deliveries --json"],
  async run(_, { out, engine }) {
    const found = await readDeliveries(await engine());
    out.result(found, () =>
      found.length === 0
        ? "Nothing was sent yet."
        : table(
            ["url", "signature", "version", "delivered", "attempts", "body"],
            found.map((one) => [
              one.url,
              one.signatureValid === null ? "not checked" : one.signatureValid ? "valid" : "wrong",
              one.version?.slice(0, 12),
              one.deliveredAt?.slice(0, 19),
              one.attempts,
              JSON.stringify(one.body),
            ]),
          ),
    );
    return EXIT.ok;
  },
};
