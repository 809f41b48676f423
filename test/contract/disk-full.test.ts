import { describe, expect, it } from "vitest";
import { hasSmallDisks, onSmallDisk } from "./small-disk.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const full = {
  class: "Transient",
  code: "disk_full",
  retryable: true,
  message: expect.stringContaining("the disk is full"),
};

describe.skipIf(!hasSmallDisks)("a full disk (skipped where `unshare` cannot mount a small one)", () => {
  it("is said clearly, damages nothing, and is over when there is space again", () => {
    const folder = temporaryFolder();
    const report = onSmallDisk("4m", "fill-disk.ts", folder.path);
    folder.remove();
    expect(report.puts).toMatchObject({ failure: full });
    expect(report.smallPuts).toMatchObject({ failure: full });
    expect(report.writes).toMatchObject({ failure: full });
    expect(report.puts.done).toBeGreaterThan(3);
    expect(report.before).toEqual({ objects: report.puts.done + report.smallPuts.done, items: report.writes.done });
    expect(report.after).toEqual({ objects: report.before.objects + 1, items: report.before.items + 1 });
  });

  it("while an archive of edx.org is unpacked leaves nothing there, and no member half when there is space again", () => {
    const [folder, large] = [temporaryFolder(), temporaryFolder()];
    const { read, ...report } = onSmallDisk("256k", "unpack-on-small-disk.ts", folder.path, large.path);
    folder.remove();
    large.remove();
    const failed = { first: full, left: [], second: "unpacked" };
    expect(report).toMatchObject({
      crlf: { ...failed, found: [["new", 3_000, 0]] },
      table: { ...failed, found: [["new", 30_000, 0]] },
      file: { ...failed, found: [["new", null, null]] },
      quarantined: { ...failed, found: [["malformed", 0, 3_000]] },
      two: {
        ...failed,
        found: [
          ["new", 30, 0],
          ["new", 30_000, 0],
        ],
      },
    });
    expect(read).toContain("ENOSPC");
  });
});
