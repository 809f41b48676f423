import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { connect } from "../../core/io/connect.ts";
import { exportQuarantine, listQuarantine, type QuarantinedPart } from "../../core/io/quarantine.ts";
import { readSettings } from "../../core/io/settings.ts";

export type { QuarantinedPart } from "../../core/io/quarantine.ts";

type EngineSettings = Readonly<Record<string, string>>;

/** Every quarantined line and refused object, or those of one source key. */
export async function* quarantined(settings: EngineSettings, sourceKey?: string): AsyncGenerator<QuarantinedPart> {
  const io = await connect(readSettings(settings));
  yield* listQuarantine(io, sourceKey === undefined ? {} : { sourceKey });
}

/** Writes the quarantined bytes of a source key, exactly as they came, to a file or to stdout. */
export async function exportQuarantined(
  settings: EngineSettings,
  sourceKey: string,
  file: string | undefined,
): Promise<void> {
  const read = readSettings(settings);
  const bytes = await exportQuarantine(await connect(read), read, sourceKey);
  if (file === undefined) await pipeline(bytes, process.stdout, { end: false });
  else await pipeline(bytes, createWriteStream(file, { flush: true }));
}
