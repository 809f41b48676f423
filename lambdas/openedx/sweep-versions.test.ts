import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openItems } from "../../core/io/items.ts";
import { lanesIn } from "../../core/model/lanes/declared-lanes.ts";
import { assetsIn } from "../../core/model/assets.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { startOpenEdx, type OpenEdxStandIn } from "../../test/standins/open-edx.ts";
import { openedxCourses } from "../../state-machines/openedx_courses/pipeline.ts";
import type { TaskContext } from "../../core/task.ts";
import { secretMissing } from "../../core/io/secret-failures.ts";
import { courseAssets } from "./course-deployment.ts";
import { discoverCourses } from "./discover-courses.ts";
import { sweepCourses } from "./sweep-versions.ts";

let server: OpenEdxStandIn;
beforeEach(async () => {
  server = await startOpenEdx({ deployment: "xpro", courses: 6 });
});
afterEach(() => server.close());

const executions = new MemoryExecutions();
const settings = {
  ...{ environment: "dev", machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-" },
  buckets: { landing: "l", lake: "k", quarantine: "q", artifacts: "a" },
  // What the task is told: lanes of `openedx_courses` alone.
  runs: {
    lanes: [...lanesIn("dev", [openedxCourses])],
    cap: 50,
    failedOnceDelayMs: 0,
    assets: assetsIn([openedxCourses]),
  },
} as unknown as TaskContext["settings"];
const context = (fields?: Record<string, string>) => {
  const ledger = memoryLedger();
  const measured: [string, number][] = [];
  const read = async (role: string): Promise<Record<string, string>> => {
    if (fields === undefined || role !== "openedx/xpro") throw secretMissing(role, `secret millrace/dev/${role}`);
    return fields;
  };
  const run = {
    id: "tick-1",
    domain: "openedx_discovery",
    job: "sweep",
    trigger: "t",
    startedAt: "",
    state: "",
    attempt: 0,
  };
  const measure = (name: string, value: number): void => void measured.push([name, value]);
  const io = { ledger, executions, secrets: { read } };
  return {
    ledger,
    measured,
    context: { io, settings, run, measure, log: { warn: () => undefined } } as unknown as TaskContext,
  };
};

describe("discovery and sweep of a deployment", () => {
  it("add what the LMS lists and request structure and export of all of it, within their lanes", async () => {
    const { context: task, ledger, measured } = context(server.secret);
    expect(await discoverCourses({ deployment: "xpro" }, task)).toMatchObject({ listed: 6, absent: 0 });
    expect(executions.all).toEqual([]);
    expect(await sweepCourses({ deployment: "xpro", budgetSeconds: 60 }, task)).toMatchObject({ read: 6, changed: 6 });
    expect(measured).toEqual([["SweepLag", expect.any(Number)]]);
    const jobs = executions.all.map(({ domain, input }) => `${domain}.${(input as { job: string }).job}`);
    expect(Object.fromEntries([...Map.groupBy(jobs, (job) => job)].map(([job, all]) => [job, all.length]))).toEqual({
      "openedx_courses.course_structure": 6,
      "openedx_courses.course_export": 4,
    });
    const items = openItems(ledger);
    for (const asset of courseAssets("xpro")) expect(await items.counts(asset)).toMatchObject({ in_progress: 6 });
  });

  it("say what to write where there is no secret, before anything is read or written", async () => {
    const { context: task, ledger } = context();
    const missing = {
      name: "Misconfigured",
      code: "secret_missing",
      info: { hint: expect.stringContaining("openedx/xpro") },
    };
    await expect(discoverCourses({ deployment: "xpro" }, task)).rejects.toMatchObject(missing);
    await expect(sweepCourses({ deployment: "xpro", budgetSeconds: 60 }, task)).rejects.toMatchObject(missing);
    expect(ledger.items()).toEqual([]);
  });
});
