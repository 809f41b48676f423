import { availableParallelism } from "node:os";
import { connect } from "../../core/io/connect.ts";
import { openQuerySession, type QuerySession } from "../../core/io/query-session.ts";
import { readSettings } from "../../core/io/settings.ts";

/** Enough for a person's question; a process of its own, so that it takes nothing from the engine. */
const MEMORY_MB = 2_048;

/** A read-only session over the lake of a running engine; `settings` is what its status says. */
export async function openLakeQuery(
  settings: Readonly<Record<string, string>>,
  temporary: string,
): Promise<QuerySession> {
  const read = readSettings(settings);
  const { lake } = await connect(read);
  return openQuerySession(lake, {
    extensionsDir: read.duckdbExtensions,
    memoryMb: MEMORY_MB,
    threads: availableParallelism(),
    tempDir: temporary,
  });
}
