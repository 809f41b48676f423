import { Failure } from "../model/failures.ts";

export const secretMissing = (role: string, where: string, cause?: unknown): Failure =>
  new Failure("Misconfigured", `The secret "${role}" is missing: there is no ${where}.`, {
    code: "secret_missing",
    what: `read the secret ${role}`,
    hint: `Create ${where} with the fields of "${role}".`,
    details: { role },
    cause,
  });

/** Never carries the value: not even the part that does not parse. */
export const secretMalformed = (role: string, where: string): Failure =>
  new Failure("Misconfigured", `The secret "${role}" (${where}) is not one JSON object of text fields.`, {
    code: "secret_malformed",
    what: `read the secret ${role}`,
    hint: `Write ${where} as {"field": "value"}.`,
    details: { role },
  });
