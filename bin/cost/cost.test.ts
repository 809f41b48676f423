import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENVIRONMENTS } from "../../core/model/pipeline.ts";
import { domains } from "../../state-machines/index.ts";
import { synthesised } from "./assembly.ts";
import { billOf } from "./bill.ts";
import { Machine, transitionsOf } from "./happy-path.ts";
import { totalOf, usdOf } from "./line.ts";
import { HOURS, PRICES, priceOf } from "./prices.ts";
import { documentOf, summaryOf } from "./report.ts";
import { priceResources, ticksOf } from "./resources.ts";
import { countRuns, runsIn } from "./runs.ts";
import type { Resource } from "./templates.ts";
import { readWorkload } from "./workload.ts";

const pipelines = domains.map(({ pipeline }) => pipeline);
const workload = readWorkload();
const ALERTS = workload.shared.alertsPerRun;
const folder = mkdtempSync(join(tmpdir(), "millrace-cost-test-"));
let templates: Awaited<ReturnType<typeof synthesised>>;
beforeAll(async () => {
  templates = await synthesised(ENVIRONMENTS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bill = (runs: number, environment = "production", options = {}) =>
  billOf(templates[environment] ?? [], pipelines, { ...workload, runs }, options);
const fileOf = (content: unknown): string => {
  const file = join(folder, "workload.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
};

describe("the bill", () => {
  it.each(ENVIRONMENTS)("knows a price, or that there is none, of everything in %s", (environment) => {
    expect(templates[environment]?.length).toBeGreaterThan(50);
    expect(bill(1_000, environment).warnings).toEqual([]);
  });

  it("adds up whichever way it is summed", () => {
    const document = documentOf(bill(10_000), "production");
    const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((a, b) => a + b, 0);
    expect(sum(document.services)).toBeCloseTo(document.total, 9);
    expect(sum(document.domains)).toBeCloseTo(document.total, 9);
    expect(document.fixed + document.variable).toBeCloseTo(document.total, 9);
    expect(Object.keys(document.largest)).toHaveLength(3);
  });

  it("grows with the runs, and by nothing but them", () => {
    const [none, some, twice] = [0, 5_000, 10_000].map((runs) => summaryOf(bill(runs)));
    expect(some?.total).toBeGreaterThan(none?.total ?? 0);
    expect(twice?.total).toBeGreaterThan(some?.total ?? 0);
    expect(new Set([none?.fixed, some?.fixed, twice?.fixed]).size).toBe(1);
    expect(twice?.peer.fixed).toBe(none?.peer.fixed);
  });

  it("takes a function's price from its memory in the template", () => {
    const share = (workload.jobs["openedx/tracking_log"]?.share ?? 0) * 10_000;
    const [path] = workload.jobs["openedx/tracking_log"]?.paths ?? [];
    const memory = templates["production"]?.find(({ properties }) =>
      String(properties["FunctionName"]).endsWith("-NormaliseLog"),
    )?.properties["MemorySize"];
    const line = bill(10_000).lines.find(({ what, price }) => what === "NormaliseLog" && price === "lambdaArm");
    const seconds = share * (path?.share ?? 0) * (path?.seconds["NormaliseLog"] ?? 0);
    expect(line?.quantity).toBeCloseTo((seconds * Number(memory)) / 1_024, 6);
  });

  it("is never dearer with the free allowances, and then drops what they cover", () => {
    const [without, within] = [bill(1_000), bill(1_000, "production", { freeTier: true })];
    expect(totalOf(within.lines)).toBeLessThan(totalOf(without.lines));
    const requests = within.lines.filter(({ price }) => price === "lambdaRequest");
    expect(requests.reduce((sum, line) => sum + usdOf(line), 0)).toBe(0);
  });

  it("names a source for every price", () => {
    for (const { source, usd, per } of Object.values(PRICES)) {
      expect(source).toMatch(/^(infracost \w+$|https:\/\/)/);
      expect(usd / per).toBeGreaterThan(0);
    }
    expect(priceOf("transitions")).toMatchObject({ usd: 0.025, per: 1_000 });
  });
});

describe("resources", () => {
  const resource = (type: string, properties = {}): Resource => ({ id: "One", type, properties, domain: "platform" });
  const priced = (...resources: Resource[]) => priceResources({ resources, workload });

  it("are warned of when nobody has priced their type", () => {
    expect(priced(resource("AWS::MemoryDB::Cluster"))).toEqual({
      lines: [],
      warnings: ["AWS::MemoryDB::Cluster (One) has no price: add it to bin/cost/resources.ts."],
    });
    expect(priced(resource("AWS::RDS::DBInstance", { DBInstanceClass: "db.r7g.2xlarge" })).warnings[0]).toMatch(
      /db\.r7g\.2xlarge/,
    );
  });

  it("cost by zone, by metric and by hour", () => {
    const { lines } = priced(
      resource("AWS::EC2::VPCEndpoint", { VpcEndpointType: "Interface", SubnetIds: ["a", "b"] }),
      resource("AWS::CloudWatch::Alarm", { Metrics: [{ MetricStat: {} }, { MetricStat: {} }, { Expression: "a/b" }] }),
      resource("AWS::EC2::NatGateway"),
    );
    expect(lines.map(usdOf)).toEqual([14.6, 0.2, 32.85]);
  });

  it("cost twice with a standby in another zone, their disk as well", () => {
    const of = (MultiAZ: boolean) =>
      priced(
        resource("AWS::RDS::DBInstance", { DBInstanceClass: "db.t4g.small", AllocatedStorage: "20", MultiAZ }),
      ).lines.map(usdOf);
    expect(of(false)).toEqual([0.032 * HOURS, 20 * 0.115]);
    expect(of(true)).toEqual([2 * 0.032 * HOURS, 2 * 20 * 0.115]);
  });

  it("tick as often as their schedule says", () => {
    const schedule = { ScheduleExpression: "cron(20 0/4 * * ? *)", ScheduleExpressionTimezone: "UTC" };
    expect(ticksOf({ ...schedule, State: "ENABLED" })).toBeCloseTo((365 * 6) / 12, 6);
    expect(ticksOf({ ...schedule, State: "DISABLED" })).toBe(0);
  });
});

describe("the coordinator", () => {
  const count = (runs: number) => countRuns({ ...workload, runs }, pipelines, templates["production"] ?? []);
  const of = (name: string, runs: number): number =>
    runsIn(count(runs).paths.filter(({ domain, job }) => `${domain}/${job}` === name));

  it("hears of every end of a run, alerts included, and of every tick", () => {
    const { paths, executions } = count(10_000);
    expect(of("coordinator/run_ended", 10_000)).toBeCloseTo(executions, 6);
    expect(executions).toBeCloseTo(runsIn(paths.filter(({ domain }) => domain !== "coordinator")), 6);
    // A year that is counted from one midnight to the next has the second of them in the next.
    const [daily, pinged] = [365 / 12, (365 * 6 + 364 * 3) / 12];
    // Of the start and of the end.
    const pings = 2 * pinged;
    expect(of("operations/check_partitions", 10_000)).toBeCloseTo(daily, 6);
    expect(of("operations/ping", 10_000)).toBeCloseTo(pings, 6);
    expect(of("operations/alert", 10_000)).toBeCloseTo(((executions - daily - pings) / (1 + ALERTS)) * ALERTS, 6);
    const discovered = of("openedx_discovery/discover", 10_000) + of("openedx_discovery/sweep", 10_000);
    expect(discovered).toBeCloseTo((365 * 24 * 6 - 1) / 12, 6);
    // Every ten minutes.
    const resent = of("openedx_discovery/resend", 10_000);
    expect(resent).toBeCloseTo((365 * 24 * 6 - 1) / 12, 6);
    // Two mirrors look hourly, two daily.
    const mirrored = of("mirrors/copy", 10_000);
    expect(mirrored).toBeCloseTo((365 * (24 * 2 + 2)) / 12, 6);
    // Two lists, daily.
    const listed = of("edxorg_courses/catalogue", 10_000);
    expect(listed).toBeCloseTo(2 * daily, 6);
    expect(of("coordinator/tick", 10_000)).toBeCloseTo(mirrored + pinged + daily + discovered + resent + listed, 6);
    expect(of("coordinator/sweep", 10_000)).toBeCloseTo((365 * 24 * 60) / 12, 0);
  });

  it("pays for requests and for started tenths of a second in steps of 64 MB, for its clock without a run", () => {
    const { lines } = bill(0);
    const clock = lines.filter(({ domain, what }) => domain === "coordinator" && what === "sweep runs");
    const seconds = workload.jobs["coordinator/sweep"]?.paths[0]?.seconds["Sweep"] ?? 0;
    const sweeps = of("coordinator/sweep", 0);
    expect(clock.map(({ price, kind, quantity }) => [price, kind, quantity])).toEqual([
      ["expressRequest", "fixed", sweeps],
      ["expressDuration", "fixed", (sweeps * Math.ceil(seconds * 10)) / 10 / 16],
    ]);
    expect(lines.filter(({ domain, price }) => domain === "coordinator" && price === "transitions")).toEqual([]);
  });
});

describe("state transitions", () => {
  const machine = Machine.parse({
    StartAt: "Look",
    States: {
      Look: { Type: "Task", Next: "New" },
      New: { Type: "Choice", Choices: [{ Next: "Work" }, { Next: "Pause" }], Default: "Done" },
      Pause: { Type: "Wait", Next: "New" },
      Work: { Type: "Task", Next: "Each" },
      Each: {
        Type: "Map",
        ItemProcessor: { StartAt: "Part", States: { Part: { Type: "Task", End: true } } },
        Next: "Done",
      },
      Done: { Type: "Succeed" },
    },
  });
  const declared = new Set(["Look", "Work", "Part"]);

  it("are the start and the states of the shortest path through the tasks", () => {
    expect(transitionsOf(machine, new Set(["Look"]), declared)).toBe(4);
    expect(transitionsOf(machine, new Set(["Look", "Work", "Part"]), declared)).toBe(7);
    expect(transitionsOf(machine, new Set(["Work"]), declared)).toBeUndefined();
  });
});

describe("a workload", () => {
  it("of one's own changes what it names and nothing else", () => {
    const own = readWorkload(fileOf({ runs: 5, shared: { imageGb: { value: 1, from: "measured" } } }));
    expect(own).toEqual({ ...workload, runs: 5, shared: { ...workload.shared, imageGb: 1 } });
  });

  it.each([
    [{ runs: -1 }, /runs/],
    [{ jobs: { "openedx/tracking_log": { share: 1.5 } } }, /share/],
    [{ shared: { imageGB: 1 } }, /imageGB/],
  ])("is refused with the field when it is wrong: %j", (content, named) => {
    expect(() => readWorkload(fileOf(content))).toThrow(named);
  });

  it("is refused when it names a job or a task that nobody has", () => {
    const job = workload.jobs["openedx/tracking_log"];
    if (job === undefined) throw new Error("The shipped workload has no tracking logs.");
    const count = (jobs: typeof workload.jobs) => countRuns({ ...workload, jobs }, pipelines, []);
    expect(() => count({ "openedx/tracking": job })).toThrow(/openedx\/tracking, which no domain has/);
    expect(() => count({ "lakehouse/build": job })).toThrow(/InspectLog/);
  });
});

describe("the command", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "..", "cost.ts"), ...args], { encoding: "utf8" });

  it.each([
    [["--environment", "prod"], /No environment is named "prod"/],
    [["--runs", "-3"], /runs/],
    [["--runs", "many"], /no number of runs/],
    [["--workload", "nowhere.json"], /nowhere\.json/],
    [["--run", "1"], /--run/],
  ])("refuses %j before anything is synthesised", (args, message) => {
    const { status, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
