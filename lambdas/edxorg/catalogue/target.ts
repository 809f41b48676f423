import { createHash } from "node:crypto";
import type { Secrets } from "../../../core/io/ports.ts";
import { Failure } from "../../../core/model/failures.ts";
import { addressProblem } from "../../../core/model/service-address.ts";
import type { SessionTarget } from "../../open-edx-api/session.ts";
import type { Catalogue } from "../sources/catalogue.ts";

const ROLE = "openedx/edxorg";
/** Its tokens come from another host than its lists. */
const TOKEN_URL = "https://api.edx.org/oauth2/v1/access_token";
const DEFAULTS: Readonly<Record<Catalogue, string>> = {
  programs: "https://discovery.edx.org/api/v1/programs/",
  courses: "https://discovery.edx.org/api/v1/catalogs/10/courses/",
};

export interface CatalogueTarget extends SessionTarget {
  /** Of the list, without a query. */
  readonly url: string;
}

/**
 * Whom to ask and as whom: the secret has `id` and `secret`, and the addresses of tokens and lists where they are others.
 * Throws Misconfigured `secret_missing`, `secret_field_missing` or `openedx_url_invalid`, before anything is sent.
 */
export async function catalogueTarget(secrets: Secrets, catalogue: Catalogue): Promise<CatalogueTarget> {
  const fields = await secrets.read(ROLE);
  const need = (name: string, otherwise = ""): string => {
    const value = fields[name]?.trim() || otherwise;
    if (value === "") throw misconfigured("secret_field_missing", `The secret "${ROLE}" has no field "${name}".`);
    return value;
  };
  const address = (name: string, otherwise?: string): string => {
    const text = need(name, otherwise);
    const problem = addressProblem(text);
    if (problem === undefined) return text;
    throw misconfigured("openedx_url_invalid", `The address "${name}" in the secret "${ROLE}" ${problem}.`);
  };
  const [id, secret, tokenUrl] = [need("id"), need("secret"), address("tokenUrl", TOKEN_URL)];
  const url = address(catalogue, DEFAULTS[catalogue]);
  const lms = new URL(url).origin;
  const mark = createHash("sha256")
    .update(JSON.stringify([lms, tokenUrl, id, secret]))
    .digest("hex");
  return { deployment: "edxorg", ...{ lms, tokenUrl, id, secret, mark, url } };
}

const misconfigured = (code: string, message: string): Failure =>
  new Failure("Misconfigured", message, {
    code,
    what: "prepare a call to edx.org's discovery API",
    hint: `Correct the secret "${ROLE}" ("id", "secret", optionally "tokenUrl", "programs" and "courses").`,
    details: { role: ROLE },
  });
