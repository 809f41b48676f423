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
