import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const OWN_FILES = /\.(sql|ya?ml|py|csv|md)$/;
const LEFT_BY_TOOLS = /(^|\/)(target|logs|__pycache__)\//;

/** sha256 over the project's own files: another one means that every model has to be built anew. */
export async function projectVersion(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true }))
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => OWN_FILES.test(path) && !LEFT_BY_TOOLS.test(path) && path !== ".user.yml")
    .sort();
  const hash = createHash("sha256");
  for (const path of files)
    hash
      .update(`${path}\0`)
      .update(await readFile(join(folder, path)))
      .update("\0");
  return hash.digest("hex");
}
