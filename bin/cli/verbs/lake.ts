import { EXIT } from "../output.ts";
import { readStatus } from "../status.ts";
import type { Verb } from "../verb.ts";

export const lake: Verb = {
  usage: "lake",
  summary: "Tell how an outside Iceberg reader reaches the tables",
  home: "engine",
  examples: ["lake", "lake --json"],
  async run(_, { out, engine }) {
    const { catalogUri, warehouse } = await readStatus(await engine());
    const answer = { catalogUri, warehouse, properties: { type: "rest", uri: catalogUri, warehouse } };
    out.result(answer, () =>
      [
        `Iceberg REST catalogue  ${catalogUri}`,
        `warehouse               ${warehouse}`,
        "",
        "With pyiceberg:",
        `  load_catalog("lake", **{"type": "rest", "uri": "${catalogUri}", "warehouse": "${warehouse}"})`,
      ].join("\n"),
    );
    return EXIT.ok;
  },
};
