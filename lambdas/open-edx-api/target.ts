import { createHash } from "node:crypto";
import type { Secrets } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { addressProblem } from "../../core/model/service-address.ts";

/** Where a deployment is and as whom it is asked. */
export interface OpenEdxTarget {
  readonly deployment: string;
  /** Without a final slash. */
  readonly lms: string;
  readonly studio: string;
  readonly tokenUrl: string;
  readonly id: string;
  readonly secret: string;
  /** Of all of these: another record is another session. */
  readonly mark: string;
}

export const openEdxRole = (deployment: string): string => `openedx/${deployment}`;

/**
 * Addresses and credentials are one record, so that those of one environment cannot meet those of another. Throws
 * Misconfigured `secret_missing`, `secret_field_missing` or `openedx_url_invalid`, before anything is sent.
 */
export async function openEdxTarget(secrets: Secrets, deployment: string): Promise<OpenEdxTarget> {
  const role = openEdxRole(deployment);
  const fields = await secrets.read(role);
  const need = (name: string): string => {
    const value = fields[name]?.trim() ?? "";
    if (value === "") throw misconfigured(role, "secret_field_missing", `The secret "${role}" has no field "${name}".`);
    return value;
  };
  const address = (name: string, text: string): string => {
    const problem = addressProblem(text);
    if (problem === undefined) return text.replace(/\/+$/, "");
    throw misconfigured(role, "openedx_url_invalid", `The address "${name}" in the secret "${role}" ${problem}.`);
  };
  const [id, secret] = [need("id"), need("secret")];
  const [lms, studio] = [address("lms", need("lms")), address("studio", need("studio"))];
  const given = fields["tokenUrl"]?.trim() ?? "";
  const tokenUrl = given === "" ? ownTokenUrl(lms) : address("tokenUrl", given);
  const mark = createHash("sha256")
    .update(JSON.stringify([lms, studio, tokenUrl, id, secret]))
    .digest("hex");
  return { deployment, lms, studio, tokenUrl, id, secret, mark };
}

/** The LMS gives the tokens itself. Only such a one takes the query that names its user. */
export const givesOwnTokens = ({ lms, tokenUrl }: OpenEdxTarget): boolean => tokenUrl === ownTokenUrl(lms);

const ownTokenUrl = (lms: string): string => `${lms}/oauth2/access_token`;

const misconfigured = (role: string, code: string, message: string): Failure =>
  new Failure("Misconfigured", message, {
    code,
    what: `prepare a call to ${role}`,
    hint: `Correct the secret "${role}" ("id", "secret", "lms", "studio", optionally "tokenUrl") and start the run again.`,
    details: { role },
  });
