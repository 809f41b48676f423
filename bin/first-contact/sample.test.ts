import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { SAMPLE_COURSE_ID, SAMPLE_DATE, sampleCourse, sampleTrackingLog } from "./sample.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("sample input", () => {
  it("is the same at every call", () => {
    expect(sha256(sampleCourse())).toBe(sha256(sampleCourse()));
    expect(sha256(sampleTrackingLog())).toBe(sha256(sampleTrackingLog()));
  });

  it("has about 300 events of one day on the sample course, two bad lines and a blank one", () => {
    const lines = gunzipSync(sampleTrackingLog()).toString("utf8").trimEnd().split("\n");
    const events = lines.flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
    expect(events.length).toBeGreaterThan(250);
    expect(events.length).toBeLessThan(400);
    expect(lines.filter((line) => line === "")).toHaveLength(1);
    expect(lines.length - events.length).toBe(3);
    expect(new Set(events.map((event) => event.time.slice(0, 10)))).toEqual(new Set([SAMPLE_DATE]));
    expect(new Set(events.map((event) => event.context.course_id))).toEqual(new Set([SAMPLE_COURSE_ID]));
    const types = new Set<string>(events.map((event) => event.event_type));
    for (const type of ["play_video", "pause_video", "seek_video", "stop_video", "problem_check"])
      expect(types).toContain(type);
    for (const change of ["activated", "deactivated"]) expect(types).toContain(`edx.course.enrollment.${change}`);
    const results = events.filter((event) => event.event_type === "problem_check").map((event) => event.event.success);
    expect(new Set(results)).toEqual(new Set(["correct", "incorrect"]));
  });
});
