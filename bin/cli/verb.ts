import type { Command } from "commander";
import * as z from "zod";
import { resolve } from "node:path";
import type { EngineClient } from "../../embedded/control/client.ts";
import { useEngine } from "./engine.ts";
import { createOutput, reportError, type Output } from "./output.ts";
import { defaultStateDir } from "./paths.ts";

const Common = z.looseObject({
  json: z.boolean().default(false),
  debug: z.boolean().default(false),
  state: z.string().optional(),
});

/** What every verb is given. */
export interface VerbContext {
  readonly out: Output;
  readonly stateDir: string;
  /** Starts an engine when none runs. */
  engine(): Promise<EngineClient>;
}

/** Arguments and options of a verb as commander read them, not yet checked. */
export interface VerbInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Verb {
  /** `land <file...>` */
  readonly usage: string;
  readonly summary: string;
  /** Its group's name alone means it. */
  readonly isDefault?: boolean;
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** Command lines that work. */
  readonly examples: readonly string[];
  /** Returns the exit code. */
  readonly run: (input: VerbInput, context: VerbContext) => Promise<number>;
}

/** Adds a verb with the options that all have. The exit code is left in `process.exitCode`. */
export function addVerb(parent: Command, verb: Verb): void {
  const command = parent.command(verb.usage, { isDefault: verb.isDefault ?? false }).description(verb.summary);
  for (const [flags, description] of verb.options ?? []) command.option(flags, description);
  command
    .option("--json", "print one JSON document on stdout and everything else on stderr")
    .option("--state <dir>", "state folder (default: .millrace in the repository, or $MILLRACE_STATE)")
    .option("--debug", "show stack traces")
    .addHelpText("after", `\nExamples:\n${verb.examples.map((line) => `  $ npx millrace ${line}`).join("\n")}`)
    .action(async () => {
      const options: Record<string, unknown> = command.opts();
      const { json, debug, state } = Common.parse(options);
      const out = createOutput(json);
      const stateDir = state === undefined ? defaultStateDir() : resolve(state);
      try {
        const context: VerbContext = { out, stateDir, engine: () => useEngine(stateDir, out.note) };
        process.exitCode = await verb.run({ args: command.args, options }, context);
      } catch (error) {
        process.exitCode = reportError(error, { json, debug });
      }
    });
}
