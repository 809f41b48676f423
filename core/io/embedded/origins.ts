import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Failure } from "../../model/failures.ts";
import { OriginDeclarations } from "../../model/origins.ts";
import { parseJson } from "../secret-fields.ts";
import { embeddedFailure, isMissingFile } from "./errors.ts";

const FILE = "origins.json";

/** What this machine has in place of the environment's origins, or beside them: `origins.json` of the state folder. */
export async function embeddedOrigins(stateDir: string): Promise<OriginDeclarations> {
  const path = join(stateDir, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissingFile(error)) return {};
    throw embeddedFailure(error, `read ${path}`);
  }
  const read = OriginDeclarations.safeParse(parseJson(text));
  if (read.success) return read.data;
  throw new Failure("Misconfigured", `${path} declares no origins: ${z.prettifyError(read.error)}`, {
    code: "origins_malformed",
    what: "read the origins of this machine",
    hint: "docs/sources.md has an example of each kind.",
  });
}
