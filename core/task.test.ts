import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import * as z from "zod";
import { publishedMetrics } from "../test/templates/published-metrics.ts";
import { ENV } from "./io/settings.ts";
import { Failure } from "./model/failures.ts";
import { task } from "./task.ts";

const run = { id: "r", domain: "openedx", job: "j", trigger: "manual", startedAt: "2026-01-01T00:00:00Z" };
let folder: string;
let written: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-task-"));
  written = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  for (const name of Object.values(ENV)) vi.stubEnv(name, "x");
  vi.stubEnv(ENV.environment, "qa");
  vi.stubEnv(ENV.runs, undefined);
  vi.stubEnv(ENV.landings, undefined);
  vi.stubEnv(ENV.watched, undefined);
  vi.stubEnv(ENV.origins, undefined);
  vi.stubEnv(ENV.embeddedState, folder);
  vi.stubEnv("POWERTOOLS_DEV", "false");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const Emf = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.tuple([z.array(z.string())]),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ]),
  }),
});

async function call(act: () => Promise<unknown>): Promise<void> {
  const handler = task({ name: "Act", input: z.unknown(), run: act });
  await Promise.allSettled([handler({ run: { ...run, state: "Act", attempt: 0 }, input: {} }, {} as never)]);
}

it.each([
  ["success", "TaskMilliseconds", () => 1],
  [
    "failure",
    "TaskFailed",
    () => {
      throw new Failure("Rejected", "No.", { code: "no", what: "say yes" });
    },
  ],
])("a task counts its %s by environment, domain and itself", async (_, metric, act: () => unknown) => {
  await call(async () => act());
  const [line, ...others] = written.flatMap((text) => Emf.safeParse(parsed(text)).data ?? []);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ environment: "qa", domain: "openedx", service: "Act", [metric]: expect.any(Number) });
  const { Namespace, Dimensions, Metrics } = line?._aws.CloudWatchMetrics[0] ?? {};
  expect(publishedMetrics[`${Namespace} ${Dimensions?.[0].toSorted().join()}`]).toContain(Metrics?.[0]?.Name);
});

it("an error without a class is counted by environment and domain, and one with a class is not", async () => {
  const counted = async (thrown: Error) => {
    written = [];
    await call(async () => {
      throw thrown;
    });
    return written
      .flatMap((text) => Emf.safeParse(parsed(text)).data ?? [])
      .filter((line) => "UnclassifiedErrors" in line);
  };
  const [line, ...others] = await counted(new TypeError("undefined is not a function"));
  expect(others).toEqual([]);
  expect(line).toMatchObject({ environment: "qa", domain: "openedx", UnclassifiedErrors: 1 });
  expect(line?._aws.CloudWatchMetrics[0].Dimensions[0].toSorted()).toEqual(["domain", "environment"]);
  expect(await counted(new Failure("Rejected", "No.", { code: "no", what: "say yes" }))).toEqual([]);
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
