import * as z from "zod";
import type { Secrets } from "../../../core/io/ports.ts";
import { Failure } from "../../../core/model/failures.ts";

const Fields = z.looseObject({
  /** A name, not an address: the certificate is checked against it. */
  host: z.string().min(1),
  port: z.string().regex(/^\d+$/).default("3306"),
  username: z.string().min(1),
  password: z.string().min(1),
  database: z.string().min(1).default("edxapp"),
  /** PEM of the authorities to trust: of RDS the bundle of its region, for a secret holds 64 KB. */
  ca: z.string().includes("BEGIN CERTIFICATE"),
});
export type Credentials = z.infer<typeof Fields>;

export const mysqlRole = (deployment: string): string => `mysql/${deployment}`;

/** What a connection is made with, read when it is made: the database's passwords live about an hour. */
export async function readCredentials(secrets: Secrets, deployment: string, fresh: boolean): Promise<Credentials> {
  const role = mysqlRole(deployment);
  const parsed = Fields.safeParse(await secrets.read(role, { fresh }));
  if (parsed.success) return parsed.data;
  // The fields' names and never their values.
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))].join(", ");
  throw new Failure("Misconfigured", `The secret "${role}" has no usable ${fields}.`, {
    code: "mysql_secret_invalid",
    what: `read how to connect to the database of ${deployment}`,
    hint: `Write the secret "${role}" as {"host", "username", "password", "ca"}, with "port" and "database" if they differ.`,
    details: { role },
  });
}
