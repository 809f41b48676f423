import { statSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import type { QuarantinedPart } from "../../../embedded/control/quarantine.ts";
import { EXIT, table } from "../output.ts";
import { readStatus } from "../status.ts";
import type { Verb } from "../verb.ts";

/** DuckDB is loaded with it. */
const control = () => import("../../../embedded/control/quarantine.ts");

async function collect(parts: AsyncGenerator<QuarantinedPart>): Promise<QuarantinedPart[]> {
  const found: QuarantinedPart[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

const render = (parts: readonly QuarantinedPart[]): string =>
  parts.length === 0
    ? "Nothing is in quarantine."
    : table(
        ["source key", "line", "offset", "bytes", "reason"],
        parts.map((part) => [
          part.sourceKey,
          part.line === 0 ? "whole" : part.line,
          part.byteOffset,
          part.byteLength,
          part.reason,
        ]),
      );

export const quarantineList: Verb = {
  usage: "list",
  summary: "List lines and files that could not be accepted",
  home: "engine",
  examples: ["quarantine list", "quarantine list --json"],
  async run(_, { out, engine }) {
    const { settings } = await readStatus(await engine());
    const { quarantined } = await control();
    const found = await collect(quarantined(settings));
    out.result(found, () => render(found));
    return EXIT.ok;
  },
};

export const quarantineShow: Verb = {
  usage: "show <key>",
  summary: "Show what of one landed object is in quarantine, and why",
  home: "engine",
  examples: ["quarantine show sources/tracking-mitxonline/logs/2026-01-15/tracking.log-2026-01-15.gz"],
  async run({ args: [key = ""] }, { out, engine }) {
    const { settings } = await readStatus(await engine());
    const { quarantined } = await control();
    const found = await collect(quarantined(settings, key));
    out.result(found, () => render(found));
    return EXIT.ok;
  },
};

const ExportOptions = z.looseObject({ out: z.string().optional() });

export const quarantineExport: Verb = {
  usage: "export <key>",
  summary: "Write the quarantined bytes of one landed object exactly as they came",
  options: [["--out <file>", "write them to this file (default: stdout; --json needs it)"]],
  home: "engine",
  examples: ["quarantine export KEY --out bad-lines.txt", "quarantine export KEY > bad-lines.txt"],
  async run({ args: [key = ""], options }, { out, engine }) {
    const given = ExportOptions.parse(options).out;
    // With --json stdout is for the document: the bytes go to a file named after the key.
    const file = given ?? (out.json ? `${key.replaceAll(/[^A-Za-z0-9._+-]/g, "_")}.quarantine` : undefined);
    const { settings } = await readStatus(await engine());
    const { exportQuarantined } = await control();
    await exportQuarantined(settings, key, file);
    if (file === undefined) return EXIT.ok;
    const bytes = statSync(file).size;
    out.result({ sourceKey: key, file: resolve(file), bytes }, () => `Wrote ${bytes} bytes to ${file}.`);
    return EXIT.ok;
  },
};
