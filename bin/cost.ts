import { parseArgs } from "node:util";
import { ENVIRONMENTS, type EnvironmentName } from "../core/model/pipeline.ts";
import { domains } from "../state-machines/index.ts";
import { badInput, createOutput, reportError } from "./cli/output.ts";
import { synthesised } from "./cost/assembly.ts";
import { billOf } from "./cost/bill.ts";
import { documentOf, reportOf } from "./cost/report.ts";
import { readWorkload } from "./cost/workload.ts";

const USAGE = `Usage: npm run cost -- [options]

The monthly bill of an environment in AWS, computed from its templates, a workload and a list of prices,
beside that of an always-on Dagster on ECS. docs/cost.md explains it.

  --runs N            runs a month that something outside starts (default: the workload's)
  --environment NAME  one of ${ENVIRONMENTS.join(", ")} (default: production)
  --workload FILE     JSON with what differs from bin/cost/workload.json
  --free-tier         take off what AWS gives every account for good
  --json              every line with its price and source
  --help              this text`;

let json = process.argv.includes("--json");
try {
  const { values } = parsed();
  json = values.json;
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else {
    const environment = environmentOf(values.environment);
    const stated = readWorkload(values.workload);
    const workload = values.runs === undefined ? stated : { ...stated, runs: runsOf(values.runs) };
    const templates = await synthesised([environment]);
    const pipelines = domains.map(({ pipeline }) => pipeline);
    const bill = billOf(templates[environment] ?? [], pipelines, workload, { freeTier: values["free-tier"] });
    createOutput(json).result(documentOf(bill, environment), () => reportOf(bill, environment, values["free-tier"]));
  }
} catch (error) {
  process.exitCode = reportError(error, { json, debug: process.env["MILLRACE_DEBUG"] !== undefined });
}

function parsed() {
  try {
    return parseArgs({
      options: {
        runs: { type: "string" },
        environment: { type: "string", default: "production" },
        workload: { type: "string" },
        "free-tier": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw badInput(error instanceof Error ? error.message : String(error), "npm run cost -- --help");
  }
}

function environmentOf(name: string): EnvironmentName {
  const found = ENVIRONMENTS.find((known) => known === name);
  if (found === undefined)
    throw badInput(`No environment is named "${name}".`, `Environments are ${ENVIRONMENTS.join(", ")}.`);
  return found;
}

function runsOf(text: string): number {
  const runs = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(runs))
    throw badInput(`"${text}" is no number of runs.`, "Give a whole number, 0 or more: --runs 10000");
  return runs;
}
