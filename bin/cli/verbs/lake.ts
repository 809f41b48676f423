import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { compactTables } from "../compact-tables.ts";
import { usePorts } from "../kernel.ts";
import { badInput, EXIT, table } from "../output.ts";
import { readStatus } from "../status.ts";
import type { Verb } from "../verb.ts";

export const lakeShow: Verb = {
  usage: "show",
  isDefault: true,
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

const CompactOptions = z.looseObject({ share: z.coerce.number().gt(0).max(1).default(0.5) });
/** A process of its own, so that it takes nothing from the engine. */
const MEMORY_MB = 2_048;

export const lakeCompact: Verb = {
  usage: "compact [table]",
  summary: "Write tables anew in which most rows are deleted: nothing else does on one machine",
  options: [["--share <n>", "those of whose rows this share is deleted, above 0 and up to 1 (default: 0.5)"]],
  home: "engine",
  examples: ["lake compact", "lake compact raw.raw__edxorg__s3__tables__auth_user --share 0.2"],
  async run({ args: [name], options }, context) {
    const parsed = CompactOptions.safeParse(options);
    if (!parsed.success) throw badInput("--share is above 0 and up to 1.", "Half: --share 0.5.");
    const { out } = context;
    const { catalogUri } = await readStatus(await context.engine());
    const { io, settings } = await usePorts(context);
    const folder = mkdtempSync(join(tmpdir(), "millrace-compact-"));
    try {
      const { duckdbExtensions: extensionsDir } = settings;
      const done = await compactTables(
        {
          ...{ catalogUri, target: io.lake, ledger: io.ledger, holder: `lake compact, process ${process.pid}` },
          options: { memoryMb: MEMORY_MB, threads: 2, tempDir: folder, extensionsDir },
        },
        parsed.data.share,
        name,
      );
      out.result(done, () =>
        done.length === 0
          ? "No table has so many deleted rows."
          : table(
              ["table", "outcome", "rows", "deleted rows", "files before"],
              done.map((one) => [one.table, one.outcome, one.rows, one.deleted, one.files]),
            ),
      );
      return EXIT.ok;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
