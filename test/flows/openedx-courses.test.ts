import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { aslRun } from "../../embedded/engine/asl-run.ts";
import type { Json } from "../../embedded/engine/json.ts";
import { describeRunFailure } from "../../core/model/run-failure.ts";
import { Failure, describeFailure } from "../../core/model/failures.ts";

const definition = readFileSync("state-machines/openedx_courses/openedx_courses.asl.json", "utf8");
const item = (asset: string) => ({ asset, partition: "course-v1:O+C+R" });
const input = { job: "course_export", item: item("mitxonline/openedx/raw_data/course_export") };
const result = (Payload: Json) => ({ result: { Payload } });
const exporting = (state: string) =>
  result({
    ...{ outcome: "exporting", deployment: "mitxonline", courseId: "course-v1:O+C+R", taskId: "t", key: "k", state },
  });
const exported = result({ outcome: "exported", courseId: "course-v1:O+C+R", versionId: "2" });
/** What a task's error looks like to a machine. */
const failed = (failure: Failure) => ({
  error: failure.name,
  cause: JSON.stringify({ errorType: failure.name, errorMessage: JSON.stringify(describeFailure(failure)) }),
});
const recorded = (failure: Failure) => result({ name: failure.name, code: failure.code, message: failure.message });
const entered = (history: readonly { readonly type: string }[], state: string): number =>
  history.filter((event) => event.type.endsWith("StateEntered") && JSON.stringify(event).includes(`"${state}"`)).length;

describe("an export", () => {
  it("is asked after every 20 seconds, and nothing computes in between", async () => {
    const { status, output, history } = await aslRun({
      definition,
      input,
      mocks: {
        StartExport: [exporting("not asked yet")],
        PollExport: [exporting("Pending"), exporting("Retrying"), exporting("A new word"), exporting(""), exported],
      },
    });
    expect([status, output]).toEqual(["SUCCEEDED", exported.result.Payload]);
    expect(entered(history, "WaitForStudio")).toBe(5);
    const times = history.map(({ timestamp }) => new Date(timestamp).getTime());
    expect(Math.round((Math.max(...times) - Math.min(...times)) / 1_000)).toBe(100);
  });

  it("of a course that has vanished is a success without one", async () => {
    const { status, history } = await aslRun({
      definition,
      input,
      mocks: { StartExport: [result({ outcome: "gone" })] },
    });
    expect([status, entered(history, "WaitForStudio")]).toEqual(["SUCCEEDED", 0]);
  });

  it("that hangs ends after an hour as Transient, with the last state", async () => {
    const { status, error, cause, history } = await aslRun({
      definition,
      input,
      mocks: {
        StartExport: [exporting("not asked yet")],
        PollExport: [exporting("Pending"), exporting("In Progress")],
        // It answers with what it was told.
        RecordFailure: [{ error: "Transient", cause: "the ledger is away" }],
      },
    });
    expect([status, error]).toEqual(["FAILED", "Transient"]);
    expect(describeRunFailure(error ?? "", cause ?? "")).toMatchObject({
      name: "Transient",
      code: "export_timeout",
      message: 'Studio has not ended the export of course-v1:O+C+R in 60 minutes. Its last state was "In Progress".',
    });
    expect(entered(history, "PollExport")).toBe(180);
  });

  it("that Studio refuses or fails is Rejected once, with Studio's text in what the alert is made of", async () => {
    const failure = new Failure("Rejected", "Studio's export of course-v1:O+C+R is failed: no root block", {
      code: "export_failed",
      what: "export course-v1:O+C+R",
    });
    const { status, error, cause, history } = await aslRun({
      definition,
      input,
      mocks: {
        StartExport: [exporting("not asked yet")],
        PollExport: [exporting("Pending"), failed(failure)],
        RecordFailure: [recorded(failure)],
      },
    });
    expect([status, error]).toEqual(["FAILED", "Rejected"]);
    expect(describeRunFailure(error ?? "", cause ?? "").message).toMatch(/no root block/);
    expect([entered(history, "PollExport"), entered(history, "RecordFailure")]).toEqual([2, 1]);
  });

  it("is asked after again when an answer was lost", async () => {
    const lost = failed(new Failure("Transient", "no answer", { code: "openedx_unreachable", what: "ask" }));
    const { status } = await aslRun({
      definition,
      input,
      mocks: { StartExport: [exporting("not asked yet")], PollExport: [lost, lost, exported] },
    });
    expect(status).toBe("SUCCEEDED");
  });
});

describe("a structure", () => {
  const structure = { job: "course_structure", item: item("mitxonline/openedx/processed_data/course_structure") };

  it("that has changed is committed and announced", async () => {
    const { status, history } = await aslRun({
      definition,
      input: structure,
      mocks: {
        ReadStructure: [result({ outcome: "staged", planKey: "commits/p.json" })],
        CommitRows: [result({ tables: [] })],
        Announce: [result({ eventId: "e" })],
      },
    });
    expect([status, entered(history, "Announce")]).toEqual(["SUCCEEDED", 1]);
  });

  it.each(["unchanged", "gone"])("that is %s is neither", async (outcome) => {
    const { status, output } = await aslRun({
      definition,
      input: structure,
      mocks: { ReadStructure: [result({ outcome })] },
    });
    expect([status, output]).toEqual(["SUCCEEDED", { outcome }]);
  });
});
