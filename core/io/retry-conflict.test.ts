import { expect, it } from "vitest";
import { Failure } from "../model/failures.ts";
import { staleItem } from "./ledger-failures.ts";
import { decided, outlast } from "./retry-conflict.ts";

const patience = { attempts: 4, firstPauseMs: 0, lastPauseMs: 0, code: "contended", what: "keep it" };

/** Fails so many times, then gives how often it was called. */
function failing(times: number, error: Error = staleItem("pk", "sk")) {
  let calls = 0;
  return async (): Promise<number> => {
    calls += 1;
    if (calls <= times) throw error;
    return calls;
  };
}

it("outlasts a burst, and says Transient of one that outlasts it, which a machine retries", async () => {
  expect(await outlast(failing(3), patience)).toBe(4);
  await expect(outlast(failing(4), patience)).rejects.toMatchObject({ name: "Transient", code: "contended" });
  await expect(decided("follow up a run", failing(1))).rejects.toMatchObject({ name: "Transient" });
});

it("leaves every other failure as it is, at once", async () => {
  const gone = new Failure("Rejected", "Gone.", { code: "gone", what: "test" });
  await expect(outlast(failing(1, gone), patience)).rejects.toBe(gone);
  await expect(decided("follow up a run", failing(1, gone))).rejects.toBe(gone);
});
