import { expect, it } from "vitest";
import { domains } from "../../state-machines/index.ts";
import { jobInput } from "./job-input.ts";

it("takes the example of every job, and any input for a domain that it does not know", () => {
  for (const { pipeline } of domains) {
    for (const { exampleInput } of Object.values(pipeline.jobs)) {
      expect(jobInput(pipeline.domain, JSON.stringify(exampleInput))).toEqual(exampleInput);
    }
  }
  expect(jobInput("elsewhere", "[1]")).toEqual([1]);
});

it.each([
  ["{}", "--input names no job."],
  ["null", "--input names no job."],
  ['{"job":7}', "--input names no job."],
  ['{"job":"biuld","all":true}', 'lakehouse has no job "biuld".'],
  ['{"job":"toString"}', 'lakehouse has no job "toString".'],
  ["{job:build}", "--input is not JSON."],
])("refuses %s before anything is started", (text, message) => {
  const hint = expect.stringContaining('"job":"build"');
  expect(() => jobInput("lakehouse", text)).toThrowError(
    expect.objectContaining({ name: "Rejected", code: "bad_input", message, info: expect.objectContaining({ hint }) }),
  );
});
