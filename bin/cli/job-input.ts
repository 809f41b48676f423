import * as z from "zod";
import { domains } from "../../state-machines/index.ts";
import { badInput } from "./output.ts";

const JobInput = z.looseObject({ job: z.string() });

/**
 * The input of a run by hand, from JSON. Throws Rejected `bad_input` when it names none of the domain's jobs; the hint has
 * an example of each.
 */
export function jobInput(domain: string, text: string): unknown {
  const input = parsed(text);
  const jobs = domains.find(({ pipeline }) => pipeline.domain === domain)?.pipeline.jobs;
  // Which domains there are, the engine knows: it may run another assembly.
  if (jobs === undefined) return input;
  const named = JobInput.safeParse(input).data?.job;
  if (named !== undefined && Object.hasOwn(jobs, named)) return input;
  const examples = Object.values(jobs).map(({ exampleInput }) => `  --input '${JSON.stringify(exampleInput)}'`);
  const message = named === undefined ? "--input names no job." : `${domain} has no job "${named.slice(0, 80)}".`;
  throw badInput(message, `One input for each of its jobs:\n${examples.join("\n")}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badInput("--input is not JSON.", `Write it in quotes, for example --input '{"job":"build"}'.`);
  }
}
