import { resolve } from "node:path";
import { Command } from "commander";
import * as z from "zod";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { badInput, createOutput, EXIT, reportError } from "../cli/output.ts";
import { defaultStateDir } from "../cli/paths.ts";
import { serve } from "../cli/serve.ts";
import { landSample } from "./land-sample.ts";
import { report } from "./report.ts";
import { takeStock } from "./stock.ts";

/**
 * `npm start`: the sample flows through the assembly, and the page says what happened. With `--once` the process
 * ends with 0 only if the sample has truly reached the marts and the receiver.
 */
const Options = z.object({
  once: z.boolean().default(false),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  state: z.string().optional(),
});
const program = new Command("npm start --")
  .description(
    "Installs what is missing, starts the engine, lands a sample, shows what happened; stays up until Ctrl-C.",
  )
  .option("--once", "stop when the sample has flowed: ends with 0 only if it reached the marts and the receiver")
  .option("--port <port>", "listen on this port of 127.0.0.1 or fail (default: 4747, or a free one when it is taken)")
  .option("--state <dir>", "state folder (default: .millrace in the repository, or $MILLRACE_STATE)")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage))
  .parse();

const startedAt = Date.now();
const out = createOutput(false);
const note = (message: string): void =>
  out.note(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${message}`);

try {
  const parsed = Options.safeParse(program.opts());
  if (!parsed.success) throw badInput(z.prettifyError(parsed.error), "See `npm start -- --help`.");
  const { once, port, state } = parsed.data;
  const stateDir = state === undefined ? defaultStateDir() : resolve(state);
  const running = await findEngine(stateDir);
  const serving =
    running === undefined
      ? await serve({ stateDir, inbox: true, note, ...(port === undefined ? {} : { port }) })
      : undefined;
  const engine = running ?? (await findEngine(stateDir));
  if (engine === undefined) throw new Error("The engine has started and does not answer.");
  note(`the engine runs at ${engine.url}${running === undefined ? "" : " (it was running already)"}`);
  const complete = await showSample(engine, stateDir);
  if (once) {
    serving?.stop();
    await serving?.ended;
    process.exitCode = complete ? 0 : 1;
  } else if (serving !== undefined) {
    process.stdout.write(
      `\nThe engine stays up at ${engine.url}. Ctrl-C stops it; its state is kept in ${stateDir}.\n`,
    );
    await serving.ended;
  }
} catch (error) {
  process.exitCode = reportError(error, { json: false, debug: process.env["MILLRACE_DEBUG"] !== undefined });
}
// DuckDB's threads and open sockets must not keep a finished command alive.
process.exit();

async function showSample(engine: EngineClient, stateDir: string): Promise<boolean> {
  const before = await takeStock(engine, stateDir);
  const landed = await landSample(engine, stateDir, { ...out, note });
  const after = await takeStock(engine, stateDir);
  note("done");
  const { text, problems } = report({ engine, before, after, landed });
  process.stdout.write(`${text}\n`);
  for (const problem of problems) out.note(`!!  ${problem}`);
  return problems.length === 0;
}
