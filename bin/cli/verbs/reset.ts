import { existsSync, rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import * as z from "zod";
import { isStateFolder } from "../../../embedded/server/state-folder.ts";
import { badInput, EXIT } from "../output.ts";
import type { Verb } from "../verb.ts";
import { stopEngine } from "./down.ts";

const Options = z.looseObject({ yes: z.boolean().default(false) });

export const reset: Verb = {
  usage: "reset",
  summary: "Stop the engine and delete the state folder with all its data",
  options: [["--yes", "do not ask"]],
  home: "engine",
  examples: ["reset", "reset --yes"],
  async run({ options }, { out, stateDir }) {
    const { yes } = Options.parse(options);
    if (!existsSync(stateDir)) {
      out.result({ deleted: false, stateDir }, () => `There is nothing to delete: ${stateDir} does not exist.`);
      return EXIT.ok;
    }
    if (!isStateFolder(stateDir)) {
      throw badInput(
        `${stateDir} is not a Millrace state folder: it is left alone.`,
        "Name another one with --state.",
        "foreign_state_folder",
      );
    }
    if (!yes && !(await confirmed(stateDir))) {
      out.result({ deleted: false, stateDir }, () => "Nothing was deleted.");
      return EXIT.usage;
    }
    await stopEngine(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
    out.result({ deleted: true, stateDir }, () => `Deleted ${stateDir}.`);
    return EXIT.ok;
  },
};

async function confirmed(stateDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw badInput("Deleting needs a yes.", "Say it with --yes.", "not_confirmed");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`Delete everything in ${stateDir}? Type yes: `)).trim() === "yes";
  } finally {
    lines.close();
  }
}
