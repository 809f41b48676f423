import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { aslRun } from "../../embedded/engine/asl-run.ts";
import type { Json } from "../../embedded/engine/json.ts";

const definition = readFileSync("state-machines/legacy_openedx/legacy_openedx.asl.json", "utf8");
const input = { job: "drop_mitx", scheduledTime: "2026-01-15T00:00:00Z" };
const planned = { deployment: "mitx", date: "20260115", dropId: "one" };
const published = { asset: "mitx/legacy_openedx/research_drop", partition: "20260115", complete: true, failed: [] };
const result = (Payload: Json) => ({ result: { Payload } });
const mocks = {
  PlanDrop: [result({ ...planned, files: ["a.csv", "b.csv", "c.csv"] })],
  RequestArchives: [result({ asked: 0, awaited: 0 })],
  ExportTable: [{ result: {} }],
  LookAtArchives: [result({ awaited: 0 })],
  PublishDrop: [result(published)],
  Announce: [result({})],
  RecordFailure: [result({ name: "Misconfigured", code: "mysql_denied", message: "No." })],
};
const entered = (history: readonly { readonly type: string }[], state: string): number =>
  history.filter((event) => event.type.endsWith("StateEntered") && JSON.stringify(event).includes(`"${state}"`)).length;

describe("the machine of a research drop", () => {
  it("exports every file of the plan, then delivers", async () => {
    const { status, output, history } = await aslRun({ definition, input, mocks });
    expect([status, output]).toEqual(["SUCCEEDED", published]);
    const asked = JSON.stringify(history).match(/file[\\":]+[abc]\.csv/g) ?? [];
    expect(asked).toHaveLength(3);
    expect(JSON.stringify(history)).toContain("deployment");
  });

  it("starts a file again that was interrupted", async () => {
    const ExportTable = [{ error: "Transient" }, { result: {} }];
    const { status, history } = await aslRun({ definition, input, mocks: { ...mocks, ExportTable } });
    expect([status, entered(history, "PublishDrop")]).toEqual(["SUCCEEDED", 1]);
  });

  it("waits for archives while some are still to come, for an hour at most", async () => {
    const coming = {
      ...mocks,
      LookAtArchives: [result({ awaited: 2 }), result({ awaited: 1 }), result({ awaited: 0 })],
    };
    const { status, history } = await aslRun({ definition, input, mocks: coming });
    expect([status, entered(history, "WaitForArchives")]).toEqual(["SUCCEEDED", 2]);
    const never = { ...mocks, LookAtArchives: [result({ awaited: 1 })] };
    const late = await aslRun({ definition, input, mocks: never });
    expect([late.status, entered(late.history, "WaitForArchives")]).toEqual(["SUCCEEDED", 120]);
  });

  it("delivers nothing when a file fails for good, and says why", async () => {
    const PlanDrop = [result({ ...planned, files: ["a.csv"] })];
    const ExportTable = [{ error: "Misconfigured", cause: "{}" }];
    const { status, error, history } = await aslRun({ definition, input, mocks: { ...mocks, PlanDrop, ExportTable } });
    expect([status, error]).toEqual(["FAILED", "Misconfigured"]);
    expect([entered(history, "RecordFailure"), entered(history, "PublishDrop")]).toEqual([1, 0]);
  });

  it("knows no other job", async () => {
    const { status, history } = await aslRun({ definition, input: { job: "other" }, mocks });
    expect([status, entered(history, "PlanDrop")]).toEqual(["FAILED", 0]);
  });
});
