import { expect, it } from "vitest";
import { EVERY_JOBS_MODES, takenMode } from "./mode.ts";

it("takes the modes that a job has, and names them where it refuses one", () => {
  expect(takenMode(undefined, ["missing-only", "reload"], "tracking_log")).toBe("missing-only");
  expect(takenMode("reload", ["missing-only", "reload"], "tracking_log")).toBe("reload");
  for (const mode of ["redeliver", "everything", ""]) {
    expect(() => takenMode(mode, EVERY_JOBS_MODES, "build")).toThrow(
      expect.objectContaining({
        name: "Rejected",
        code: "mode_not_taken",
        message: `build has no mode "${mode}"; it has missing-only, all.`,
      }),
    );
  }
});
