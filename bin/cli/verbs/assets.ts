import * as z from "zod";
import { EXIT, table } from "../output.ts";
import type { Verb } from "../verb.ts";

const Items = z.object({
  items: z.array(
    z.object({
      data: z.looseObject({
        asset: z.string(),
        partition: z.string(),
        dataVersion: z.string(),
        codeVersion: z.string().optional(),
        tables: z.array(z.string()).default([]),
        counts: z.record(z.string(), z.unknown()).default({}),
        runId: z.string(),
        materializedAt: z.string(),
      }),
    }),
  ),
});

export const assets: Verb = {
  usage: "assets",
  summary: "List assets with their latest materialisation",
  home: "engine",
  examples: ["assets", "assets --json"],
  async run(_, { out, engine }) {
    const { items } = await (await engine()).get("/api/ledger/asset", Items);
    const found = items.map(({ data }) => data);
    out.result(found, () =>
      found.length === 0
        ? "Nothing is materialised yet."
        : table(
            ["asset", "latest partition", "version", "at", "run"],
            found.map((one) => [
              one.asset,
              one.partition,
              one.dataVersion.slice(0, 12),
              one.materializedAt.slice(0, 19),
              one.runId,
            ]),
          ),
    );
    return EXIT.ok;
  },
};
