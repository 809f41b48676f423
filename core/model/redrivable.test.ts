import { expect, it } from "vitest";
import { whyNotRedrivable } from "./redrivable.ts";

const NOW = Date.parse("2026-03-01T00:00:00Z");
const endedAt = new Date("2026-02-28T00:00:00Z");

it.each([
  [{ status: "TIMED_OUT", endedAt }, undefined],
  [{ status: "ABORTED", endedAt }, undefined],
  [{ status: "FAILED", endedAt, cause: "An expression of the state failed." }, undefined],
  [{ status: "FAILED", endedAt, cause: '{"errorMessage":"boom"}' }, undefined],
  [
    { status: "FAILED", endedAt, cause: '{"name":"Rejected","code":"no","message":"No."}' },
    /put the failure on record/,
  ],
  [{ status: "TIMED_OUT", endedAt: new Date("2026-02-01T00:00:00Z") }, /14 days/],
  [{ status: "RUNNING" }, /RUNNING/],
  [{ status: "SUCCEEDED", endedAt }, /SUCCEEDED/],
  [undefined, /forgotten/],
])("%j", (run, why) => {
  const found = whyNotRedrivable(run, NOW);
  if (why === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(why);
});
