import * as z from "zod";
import type { Secrets } from "../../../core/io/ports.ts";
import { Failure } from "../../../core/model/failures.ts";

const Fields = z.looseObject({
  username: z.string().min(1),
  password: z.string().min(1),
  /** `mongodb://` or `mongodb+srv://`, without a user. */
  uri: z.string().regex(/^mongodb(\+srv)?:\/\/[^@]+$/),
  /** PEM of the authorities to trust; absent = those that this machine trusts. */
  ca: z.string().includes("BEGIN CERTIFICATE").optional(),
});
export type MongoCredentials = z.infer<typeof Fields>;

export const mongoRole = (deployment: string): string => `mongo-forum/${deployment}`;

/** What a connection is made with, read when it is made. */
export async function readMongoCredentials(
  secrets: Secrets,
  deployment: string,
  fresh: boolean,
): Promise<MongoCredentials> {
  const role = mongoRole(deployment);
  const parsed = Fields.safeParse(await secrets.read(role, { fresh }));
  if (parsed.success) return parsed.data;
  // The fields' names and never their values.
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))].join(", ");
  throw new Failure("Misconfigured", `The secret "${role}" has no usable ${fields}.`, {
    code: "mongo_secret_invalid",
    what: `read how to connect to the forum of ${deployment}`,
    hint: `Write the secret "${role}" as {"username", "password", "uri"}; the address names no user and no password.`,
    details: { role },
  });
}
