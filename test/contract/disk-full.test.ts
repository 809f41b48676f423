import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

/** A disk of 4 MB of its own: only Linux gives one without asking an administrator. */
const namespace = ["-m", "-rm"].find(
  (flags) => spawnSync("unshare", [flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0,
);

describe.skipIf(namespace === undefined)("a full disk (skipped where `unshare` cannot mount a small one)", () => {
  it("is said clearly, damages nothing, and is over when there is space again", () => {
    const folder = temporaryFolder();
    const script = join(import.meta.dirname, "children", "fill-disk.ts");
    const command = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" "$1"';
    const said = execFileSync(
      "unshare",
      [namespace ?? "", "sh", "-c", command, "sh", folder.path, process.execPath, script],
      { encoding: "utf8" },
    );
    folder.remove();
    const report = JSON.parse(said);
    const full = {
      class: "Transient",
      code: "disk_full",
      retryable: true,
      message: expect.stringContaining("the disk is full"),
    };
    expect(report.puts).toMatchObject({ failure: full });
    expect(report.smallPuts).toMatchObject({ failure: full });
    expect(report.writes).toMatchObject({ failure: full });
    expect(report.puts.done).toBeGreaterThan(3);
    expect(report.before).toEqual({ objects: report.puts.done + report.smallPuts.done, items: report.writes.done });
    expect(report.after).toEqual({ objects: report.before.objects + 1, items: report.before.items + 1 });
  });
});
