import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, table } from "../output.ts";
import { readStatus } from "../status.ts";
import type { Verb } from "../verb.ts";

export const query: Verb = {
  usage: "query <sql>",
  summary: "Run one reading statement over the lake: raw, staging, intermediate, marts, reporting",
  home: "engine",
  examples: [
    `query "SHOW ALL TABLES"`,
    `query "SELECT event_type, count(*) AS n FROM raw.raw__mitxonline__openedx__tracking_logs GROUP BY 1 ORDER BY 2 DESC" --json`,
  ],
  async run({ args: [sql = ""] }, { out, stateDir, engine }) {
    const { settings } = await readStatus(await engine());
    const temporary = join(stateDir, "tmp");
    mkdirSync(temporary, { recursive: true });
    const { openLakeQuery } = await import("../../../embedded/control/query.ts");
    const session = await openLakeQuery(settings, temporary);
    try {
      const rows = await session.rows(sql);
      out.result(rows, () => {
        const [first] = rows;
        if (first === undefined) return "No rows.";
        const columns = Object.keys(first);
        const cell = (value: unknown): unknown =>
          typeof value === "object" && value !== null ? JSON.stringify(value) : value;
        return table(
          columns,
          rows.map((row) => columns.map((column) => cell(row[column]))),
        );
      });
      return EXIT.ok;
    } finally {
      session.close();
    }
  },
};
