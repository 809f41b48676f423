import type { Command } from "commander";
import * as z from "zod";
import { resolve } from "node:path";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import type { EngineClient } from "../../embedded/control/client.ts";
import { useEngine } from "./engine.ts";
import { ENVIRONMENT_OPTION, notInAws, readEnvironment } from "./environment.ts";
import { createOutput, reportError, type Output } from "./output.ts";
import { defaultStateDir } from "./paths.ts";

const Common = z.looseObject({
  json: z.boolean().default(false),
  debug: z.boolean().default(false),
  state: z.string().optional(),
  environment: z.string().optional(),
});

/** What every verb is given. */
export interface VerbContext {
  readonly out: Output;
  readonly stateDir: string;
  /** In AWS; undefined = the engine of this machine. */
  readonly environment: EnvironmentName | undefined;
  /** Starts an engine when none runs. Throws where an environment in AWS was asked for. */
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
  /**
   * What it acts on. `engine`: that of this machine, and nothing else; `either`: that engine, or an environment in AWS;
   * `none`: neither.
   */
  readonly home: "engine" | "either" | "none";
  /** Command lines that work. */
  readonly examples: readonly string[];
  /** Returns the exit code. */
  readonly run: (input: VerbInput, context: VerbContext) => Promise<number>;
}

const examplesOf = ({ examples, home }: Verb): readonly string[] =>
  home === "either" ? [...examples, `${examples[0] ?? ""} --env qa`] : examples;

/** Adds a verb with the options that all have. The exit code is left in `process.exitCode`. */
export function addVerb(parent: Command, verb: Verb): void {
  const command = parent.command(verb.usage, { isDefault: verb.isDefault ?? false }).description(verb.summary);
  for (const [flags, description] of verb.options ?? []) command.option(flags, description);
  if (verb.home === "either") command.option(...ENVIRONMENT_OPTION);
  command
    .option("--json", "print one JSON document on stdout and everything else on stderr")
    .option("--state <dir>", "state folder (default: .millrace in the repository, or $MILLRACE_STATE)")
    .option("--debug", "show stack traces")
    .addHelpText(
      "after",
      `\nExamples:\n${examplesOf(verb)
        .map((line) => `  $ npx millrace ${line}`)
        .join("\n")}`,
    )
    .action(async () => {
      const options: Record<string, unknown> = command.optsWithGlobals();
      const { json, debug, state, environment: named } = Common.parse(options);
      const stateDir = state === undefined ? defaultStateDir() : resolve(state);
      let environment: EnvironmentName | undefined;
      try {
        if (verb.home !== "none" || named !== undefined) environment = readEnvironment(named);
        if (verb.home !== "either" && environment !== undefined) throw notInAws(verb.usage, environment);
        const out = createOutput(json, environment);
        const engine = async () => {
          if (environment !== undefined) throw notInAws(verb.usage, environment);
          return useEngine(stateDir, out.note);
        };
        process.exitCode = await verb.run({ args: command.args, options }, { out, stateDir, environment, engine });
      } catch (error) {
        process.exitCode = reportError(error, { json, debug, environment });
      }
    });
}
