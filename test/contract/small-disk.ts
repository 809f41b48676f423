import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

/** A disk of its own: only Linux gives one without asking an administrator. */
const namespace = ["-m", "-rm"].find(
  (flags) => spawnSync("unshare", [flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0,
);

export const hasSmallDisks = namespace !== undefined;

/** What a script of `children` prints, of a disk of `size` at `folder`, which is its first argument, and of others. */
export function onSmallDisk(size: string, script: string, folder: string, ...others: readonly string[]) {
  const command = `disk=$1 && mount -t tmpfs -o size=${size} tmpfs "$disk" && shift && exec "$@"`;
  const path = join(import.meta.dirname, "children", script);
  const args = [namespace ?? "", "sh", "-c", command, "sh", folder, process.execPath, path, folder, ...others];
  return JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }));
}
