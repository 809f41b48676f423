import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Failure } from "../../model/failures.ts";
import { secretMalformed, secretMissing } from "../secret-failures.ts";
import { parseFields, parseJson } from "../secret-fields.ts";
import type { Secrets } from "../ports.ts";
import { embeddedFailure, isMissingFile } from "./errors.ts";

const FILE = "secrets.json";
const OTHERS = 0o077;

const Roles = z.record(z.string(), z.unknown());

/** The environment variable that stands in for a role: `learn/webhook` is `MILLRACE_SECRET_LEARN_WEBHOOK`. */
export const secretVariable = (role: string): string =>
  `MILLRACE_SECRET_${role.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}`;

/** Secrets from the environment, else from `secrets.json` in the state folder; read anew each time. */
export function embeddedSecrets(stateDir: string, env: NodeJS.ProcessEnv = process.env): Secrets {
  return {
    read: async (role) => {
      const variable = secretVariable(role);
      const value = env[variable];
      if (value !== undefined && value !== "") return parseFields(role, variable, value);
      const where = `entry "${role}" in ${join(stateDir, FILE)}`;
      const fields = (await readRoles(stateDir, role))[role];
      if (fields === undefined) throw secretMissing(role, `${where} and no variable ${variable}`);
      return parseFields(role, where, JSON.stringify(fields));
    },
  };
}

/** Adds or replaces one role in `secrets.json`, atomically; the file is for its owner alone (0600). */
export async function writeSecret(
  stateDir: string,
  role: string,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const roles = { ...(await readRoles(stateDir, role)), [role]: fields };
  const temporary = join(stateDir, `.${FILE}.${randomUUID()}`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(roles, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(stateDir, FILE));
  } catch (error) {
    await rm(temporary, { force: true });
    throw embeddedFailure(error, `write the secret ${role}`);
  }
}

async function readRoles(stateDir: string, role: string): Promise<Readonly<Record<string, unknown>>> {
  const path = join(stateDir, FILE);
  try {
    const file = await open(path, "r");
    try {
      // The handle's own mode: nobody can swap the file between the look and the read.
      const { mode } = await file.stat();
      if ((mode & OTHERS) !== 0) throw readableByOthers(path, mode);
      const parsed = Roles.safeParse(parseJson(await file.readFile("utf8")));
      if (!parsed.success) throw secretMalformed(role, path);
      return parsed.data;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissingFile(error)) return {};
    throw embeddedFailure(error, `read the secret ${role}`);
  }
}

const readableByOthers = (path: string, mode: number): Failure =>
  new Failure("Misconfigured", `${path} is open to other users (mode ${(mode & 0o777).toString(8)}).`, {
    code: "secrets_readable",
    what: "read the secrets",
    hint: `Run: chmod 600 ${path}`,
  });
