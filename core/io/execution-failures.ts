import { Failure } from "../model/failures.ts";

export const machineMissing = (domain: string, machineArn: string, cause?: unknown): Failure =>
  new Failure("Misconfigured", `There is no state machine of the domain "${domain}" (${machineArn}).`, {
    code: "machine_missing",
    what: `start an execution of ${domain}`,
    hint: "Deploy the domain, or correct its name.",
    cause,
  });

export const executionTaken = (domain: string, name: string, cause?: unknown): Failure =>
  new Failure("Conflict", `The execution "${name}" of ${domain} was started with other input.`, {
    code: "execution_taken",
    what: `start an execution of ${domain}`,
    hint: "A name belongs to one input for 90 days: take another name.",
    cause,
  });

export const notRedrivable = (domain: string, name: string, why: string, cause?: unknown): Failure =>
  new Failure("Rejected", `The run "${name}" of ${domain} cannot go on from where it stands: ${why}.`, {
    code: "not_redrivable",
    what: `redrive a run of ${domain}`,
    hint: "Run it again: `npx millrace rerun <asset> <partition>`; with --mode missing-only it goes on from what was done.",
    cause,
  });
