import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { aslRun } from "../../embedded/engine/asl-run.ts";

const definition = readFileSync("state-machines/mirrors/mirrors.asl.json", "utf8");
const input = { job: "copy", mirror: "edxorg_archives" };
const answer = (more: boolean) => ({ result: { Payload: { outcome: "copied", mirror: "edxorg_archives", more } } });

it("copies call after call until the list was read to its end", async () => {
  const run = await aslRun({ definition, input, mocks: { CopyNew: [answer(true), answer(true), answer(false)] } });
  expect([run.status, run.output]).toEqual(["SUCCEEDED", answer(false).result.Payload]);
});

it("is on record when an origin stays away", async () => {
  const failure = { error: "Transient", cause: "down" };
  const recorded = { result: { Payload: { name: "Transient", code: "origin_http_503", message: "down" } } };
  const mocks = { CopyNew: [failure, failure, failure, failure], RecordFailure: [recorded] };
  const run = await aslRun({ definition, input, mocks });
  expect([run.status, run.error]).toEqual(["FAILED", "Transient"]);
});
