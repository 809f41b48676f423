import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { secretMissing } from "../secret-failures.ts";
import { parseFields } from "../secret-fields.ts";
import type { Secrets } from "../ports.ts";
import { CLIENT } from "./client.ts";
import { awsFailure, readAwsError } from "./errors.ts";

/** A rotated secret is seen after this at the latest. */
const CACHE_MS = 5 * 60_000;

/** Secrets Manager secrets `<prefix>/<role>`, each one JSON object of text fields. */
export function awsSecrets(prefix: string): Secrets {
  const client = new SecretsManagerClient(CLIENT);
  const cache = new Map<string, { readonly until: number; readonly fields: Readonly<Record<string, string>> }>();
  return {
    read: async (role, { fresh = false } = {}) => {
      const cached = cache.get(role);
      if (!fresh && cached !== undefined && cached.until > Date.now()) return cached.fields;
      const SecretId = `${prefix}/${role}`;
      const where = `secret ${SecretId}`;
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
        // As it is deployed: a name that waits for an operator's value. AWS answers ResourceNotFound, an emulator nothing.
        if (SecretString === undefined || SecretString === "") throw secretMissing(role, where);
        const fields = parseFields(role, where, SecretString);
        cache.set(role, { until: Date.now() + CACHE_MS, fields });
        return fields;
      } catch (error) {
        if (readAwsError(error)?.name === "ResourceNotFoundException") throw secretMissing(role, where, error);
        throw awsFailure(error, `read the ${where}`);
      }
    },
  };
}
