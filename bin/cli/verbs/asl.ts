import { readFileSync } from "node:fs";
import * as z from "zod";
import type { aslRun as RunAlone } from "../../../embedded/engine/asl-run.ts";
import { badInput, EXIT } from "../output.ts";
import type { Verb } from "../verb.ts";

const Options = z.looseObject({ input: z.string().optional(), mocks: z.string().optional() });
type Json = NonNullable<Parameters<typeof RunAlone>[0]["input"]>;

export const aslRun: Verb = {
  usage: "run <file>",
  summary: "Run one state machine alone, in virtual time, with mocked tasks",
  options: [
    ["--input <file>", "JSON file with the execution's input (default {})"],
    [
      "--mocks <file>",
      `JSON file {"StateName":[{"result":…} or {"error":"Name","cause":"…"}, …]}, one entry per attempt`,
    ],
  ],
  home: "none",
  examples: ["asl run state-machines/lakehouse/lakehouse.asl.json --input input.json --mocks mocks.json --json"],
  async run({ args: [file = ""], options }, { out }) {
    const { aslRun: runAlone, MockProblem } = await import("../../../embedded/engine/asl-run.ts");
    const { EngineError } = await import("../../../embedded/engine/errors.ts");
    const { input, mocks } = Options.parse(options);
    const request = {
      definition: readText(file),
      ...(input === undefined ? {} : { input: readJson(input) }),
      ...(mocks === undefined ? {} : { mocks: readJson(mocks) }),
    };
    try {
      const result = await runAlone(request);
      out.result(result, () =>
        [
          `${result.status}${result.error === undefined ? "" : `  ${result.error}: ${result.cause ?? ""}`}`,
          `output  ${JSON.stringify(result.output ?? null)}`,
          ...result.history.map(({ id, timestamp, type }) => `${String(id).padStart(4)}  ${timestamp}  ${type}`),
        ].join("\n"),
      );
      return EXIT.ok;
    } catch (error) {
      if (error instanceof MockProblem) throw badInput(error.message, error.hint, error.name);
      if (error instanceof EngineError)
        throw badInput(error.message, "Correct the definition; nothing was run.", error.name);
      throw error;
    }
  },
};

export const aslCheck: Verb = {
  usage: "check <file...>",
  summary: "Check state machines: syntax, variables, expressions, retries, time-outs",
  home: "none",
  examples: ["asl check state-machines/*/*.asl.json"],
  async run({ args }, { out }) {
    const { checkDefinition } = await import("../../../lib/checks/asl.ts");
    const found = args.map((file) => ({ file, problems: checkDefinition(readText(file)) }));
    const count = found.reduce((sum, { problems }) => sum + problems.length, 0);
    out.result(found, () =>
      count === 0
        ? `${args.length} state machines are in order.`
        : found
            .flatMap(({ file, problems }) => problems.map((problem) => `${file}: ${JSON.stringify(problem)}`))
            .join("\n"),
    );
    return count === 0 ? EXIT.ok : EXIT.failed;
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw badInput(`${file} cannot be read.`, "Name an existing file.", "file_missing");
  }
}

function readJson(file: string): Json {
  try {
    const value: Json = JSON.parse(readText(file));
    return value;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw badInput(`${file} is not JSON: ${error.message}`, "Correct it.", "not_json");
    throw error;
  }
}
