import { describe, expect, it } from "vitest";
import { describeRunFailure } from "./run-failure.ts";

/** As Lambda reports what it ended itself. */
const cause = (errorType: string, errorMessage: string) => JSON.stringify({ errorType, errorMessage });

describe("a function that was ended", () => {
  it.each([
    ["Lambda.Unknown", "The cause could not be determined"],
    ["Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 3.00 seconds"],
    ["Runtime.OutOfMemory", "RequestId: 1 Error: Memory limit exceeded"],
    ["Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"],
  ])(
    "as %s is no bug of unknown kind: another run may get through, and people know where to look",
    (error, message) => {
      expect(describeRunFailure(error, cause(error, message))).toEqual({
        ...{ name: "Transient", code: error, message },
        hint: expect.stringContaining("functions.md"),
      });
    },
  );

  it("by an error of its own is one", () => {
    expect(describeRunFailure("TypeError", cause("TypeError", "x is undefined"))).toMatchObject({
      ...{ name: "TypeError", code: "unclassified", message: "x is undefined" },
    });
  });
});
