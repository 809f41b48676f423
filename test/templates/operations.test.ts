import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { operatorEnvironment } from "../../bin/cli/deployed.ts";
import { environmentOf } from "../../bin/environments.ts";
import { GROUPS, VERBS } from "../../bin/cli/program.ts";
import { unpackSetting } from "../../core/model/packed-setting.ts";
import { ENV } from "../../core/io/settings.ts";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { referencePages } from "../../lib/reference/pages.ts";
import { kebab } from "../../lib/environment.ts";
import { domains } from "../../state-machines/index.ts";
import { publishedMetrics } from "./published-metrics.ts";
import { resources, root, useAssembly } from "./synthesised.ts";

const { of, templates } = useAssembly();

const RUNBOOKS = join(root, "docs", "runbooks");
const pages = readdirSync(RUNBOOKS);

describe.each(ENVIRONMENTS)("operations of %s", (name) => {
  it("give every alarm and every notice the address of a runbook that exists", () => {
    const notices = of(name, "AWS::Events::Rule").flatMap(({ properties }) =>
      JSON.stringify(properties["Targets"] ?? "").includes("-alarms") ? [JSON.stringify(properties["Targets"])] : [],
    );
    const alarms = of(name, "AWS::CloudWatch::Alarm").map(({ properties }) => String(properties["AlarmDescription"]));
    // An Express machine sends no event of its runs.
    expect(notices).toHaveLength(domains.filter(({ pipeline }) => pipeline.machine !== "express").length);
    expect(alarms.length).toBeGreaterThan(6 * domains.length);
    for (const text of [...alarms, ...notices]) {
      const [, page = "", anchor] =
        /Runbook: https:\S+\/docs\/runbooks\/([a-z-]+\.md)(?:#([a-z0-9-]+))?(?:\\?"|$)/.exec(text) ?? [];
      expect(pages, text).toContain(page);
      if (anchor !== undefined) expect(anchorsOf(page), text).toContain(anchor);
    }
  });

  it("let a person with the operator's policy do what the coordinator does, and nothing else", () => {
    const policies = of(name, "AWS::IAM::ManagedPolicy").map(({ properties }) => properties);
    expect(policies).toMatchObject([{ ManagedPolicyName: `millrace-${name}-operator` }]);
    for (const one of ["Roles", "Users", "Groups"]) expect(policies[0]).not.toHaveProperty(one);
    const { Statement } = z
      .object({ Statement: z.array(z.object({ Action: z.union([z.string(), z.array(z.string())]) })) })
      .parse(policies[0]?.["PolicyDocument"]);
    const services = Map.groupBy(new Set(Statement.flatMap(({ Action }) => Action)), (action) => action.split(":")[0]);
    expect(Object.fromEntries([...services].map(([service, actions]) => [service, actions.length]))).toEqual({
      ...{ s3: 5, dynamodb: 6, states: 4, cloudformation: 2 },
      ...(of(name, "AWS::KMS::Key").length > 0 ? { kms: 6 } : {}),
    });
  });

  it("give the command line the settings that the coordinator has", () => {
    const place = { account: "111122223333", region: "eu-west-1", partition: "aws" };
    const reconcile = of(name, "AWS::Lambda::Function").find(
      ({ properties }) => properties["FunctionName"] === `millrace-${name}-coordinator-Reconcile`,
    );
    const text = JSON.stringify(reconcile?.properties["Environment"])
      .replaceAll('{"Ref":"AWS::AccountId"}', `"${place.account}"`)
      .replaceAll('{"Ref":"AWS::Region"}', `"${place.region}"`)
      .replaceAll('{"Ref":"AWS::Partition"}', `"${place.partition}"`);
    const Value = z.union([
      z.string(),
      z
        .object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.string())]) })
        .transform((join) => join["Fn::Join"][1].join("")),
    ]);
    const { Variables } = z.object({ Variables: z.record(z.string(), Value) }).parse(JSON.parse(text));
    // A task may know more: when a run counts as stuck is read from the machines' texts, and no verb asks.
    const known = (variables: Record<string, string>) => ({
      ...variables,
      ...{ runs: unpackSetting(variables[ENV.runs] ?? ""), [ENV.runs]: undefined },
    });
    expect(known(Variables)).toMatchObject(known(operatorEnvironment(environmentOf(name), place)));
  });

  it("send every alarm to the topic, under a name of its own, and count silence as health, but for the clock", () => {
    const alarms = of(name, "AWS::CloudWatch::Alarm").map(({ properties }) => properties);
    const names = alarms.map((properties) => properties["AlarmName"]);
    expect(new Set(names).size).toBe(names.length);
    for (const properties of alarms) {
      const isClock = properties["AlarmName"] === `millrace-${name}-platform-clock-stopped`;
      expect(properties["TreatMissingData"]).toBe(isClock ? "breaching" : "notBreaching");
      expect(String(properties["ComparisonOperator"]).startsWith("LessThan")).toBe(isClock);
      expect(properties["AlarmActions"]).toHaveLength(1);
      expect(String(properties["AlarmName"])).toMatch(new RegExp(`^millrace-${name}-`));
    }
  });

  it("look only at metrics that AWS publishes", () => {
    for (const { namespace, metric, dimensions } of watchedIn(name)) {
      const keys = Object.keys(dimensions).sort().join();
      expect(publishedMetrics[`${namespace} ${keys}`], `${namespace} ${metric} by ${keys}`).toContain(metric);
    }
  });

  it("look at what tasks count of themselves, in this environment and the dashboard's domain only", () => {
    const searched = bodies(name).flatMap((body) => [...body.matchAll(SEARCHED)].map(([, ...parts]) => parts));
    expect(searched).toHaveLength(2 * domains.length);
    for (const { pipeline } of domains)
      for (const [dimensions, metric] of searched.filter(([, , , domain]) => domain === pipeline.domain))
        expect(publishedMetrics[`Millrace ${dimensions}`]).toContain(metric);
    expect(new Set(searched.map(([, , environment]) => environment))).toEqual(new Set([name]));
  });

  it("look only at resources that are deployed here", () => {
    const physical = physicalNames(name);
    const watched = watchedIn(name).flatMap(({ namespace, dimensions }) =>
      namespace === "AWS/Usage" || namespace === "Millrace"
        ? []
        : Object.entries(dimensions).filter(([key]) => !["Operation", "StorageType", "ExecutedVersion"].includes(key)),
    );
    // A machine is named by its ARN, and an alias by `<function>:live`.
    const nameOf = (value: string): string =>
      (value.includes("stateMachine:") ? value.split(":").at(-1) : value.split(":")[0]) ?? "";
    const unknown = watched.map(([, value]) => nameOf(value)).filter((value) => !physical.has(value));
    expect([...new Set(unknown)]).toEqual([]);
    expect(watched.length).toBeGreaterThan(50);
  });

  it("have a dashboard for the platform and for every domain, under names that can be guessed", () => {
    const named = of(name, "AWS::CloudWatch::Dashboard").map(({ properties }) => properties["DashboardName"]);
    expect(new Set(named)).toEqual(
      new Set(
        ["platform", ...domains.map(({ pipeline }) => kebab(pipeline.domain))].map(
          (part) => `millrace-${name}-${part}`,
        ),
      ),
    );
    const platform = bodies(name).find((body) => body.includes(`# Millrace, ${name}`)) ?? "";
    for (const { pipeline } of domains)
      expect(platform).toContain(`dashboard/millrace-${name}-${kebab(pipeline.domain)}`);
  });

  it("let Lambda write JSON, as the tasks do", () => {
    for (const { properties } of of(name, "AWS::Lambda::Function"))
      expect(properties["LoggingConfig"]).toMatchObject({ LogFormat: "JSON" });
  });
});

it("an alarm sounds for each way in which the platform can fall silent", () => {
  const alarms = new Map(
    of("production", "AWS::CloudWatch::Alarm").map(({ properties }) => [String(properties["AlarmName"]), properties]),
  );
  const expected = [
    ["openedx-queue-age", "QueueAge", ["environment", "lane"], 3_600, 3],
    ["openedx-closed-lanes", "ClosedLanes", ["environment", "lane"], 1, 3],
    ["coordinator-unclassified-errors", "UnclassifiedErrors", ["domain", "environment"], 1, 1],
    ["platform-unsent-alerts", "UnsentAlertAge", ["environment"], 900, 1],
    ["platform-clock-stopped", "Looks", ["environment"], 1, 3],
    ["platform-sweep-lag", "SweepLag", ["environment"], 10_800, 1],
  ] as const;
  for (const [name, metric, dimensions, threshold, periods] of expected) {
    const alarm = alarms.get(`millrace-production-${name}`);
    expect(alarm, name).toMatchObject({ Threshold: threshold, EvaluationPeriods: periods });
    const [first] = inAlarm(alarm);
    expect(first, name).toMatchObject({ namespace: "Millrace", metric });
    expect(Object.keys(first?.dimensions ?? {}).sort(), name).toEqual(dimensions);
    expect(first?.dimensions["environment"]).toBe("production");
  }
  // Its lanes are nobody's: an Express machine has none.
  expect(alarms.has("millrace-production-coordinator-queue-age")).toBe(false);
});

it("the emulator's environment leaves out what the emulator lacks, and the others nothing", () => {
  const lacking = (name: EnvironmentName) => ({
    sums: of(name, "AWS::CloudWatch::Alarm").some(({ properties }) => "Metrics" in properties),
    queries: of(name, "AWS::Logs::QueryDefinition").length > 0,
  });
  expect(lacking("emulated")).toEqual({ sums: false, queries: false });
  for (const name of ENVIRONMENTS.filter((one) => one !== "emulated"))
    expect(lacking(name), name).toEqual({ sums: true, queries: true });
});

it("saved queries read every log group of their domain", () => {
  for (const template of templates("production")) {
    const groups = resources([template], "AWS::Logs::LogGroup").map(({ id }) => ({ Ref: id }));
    for (const { properties } of resources([template], "AWS::Logs::QueryDefinition"))
      expect(properties["LogGroupNames"]).toEqual(expect.arrayContaining(groups));
  }
});

it("cost anomalies are reported where a limit is set, by the tag that every stack carries", () => {
  const monitored = ENVIRONMENTS.filter((name) => of(name, "AWS::CE::AnomalyMonitor").length > 0);
  expect(monitored).toEqual(["qa", "production"]);
  for (const name of monitored) {
    const [monitor] = of(name, "AWS::CE::AnomalyMonitor");
    expect(JSON.parse(String(monitor?.properties["MonitorSpecification"]))).toEqual({
      Tags: { Key: "millrace:environment", Values: [name], MatchOptions: ["EQUALS"] },
    });
    const [subscription] = of(name, "AWS::CE::AnomalySubscription");
    expect(subscription?.properties).toMatchObject({ Frequency: "IMMEDIATE", Subscribers: [{ Type: "SNS" }] });
    const policies = JSON.stringify(of(name, "AWS::SNS::TopicPolicy").map(({ properties }) => properties));
    expect(policies).toContain('"costalerts.amazonaws.com"');
    expect(policies).toContain('"aws:SourceAccount"');
  }
});

const PARTS = ["platform", ...domains.map(({ pipeline }) => pipeline.domain)];

/** Of the parts whose name the alarm's begins with the longest: `openedx_courses`, not `openedx`. */
const partOf = (alarm: string): string | undefined =>
  PARTS.filter((part) => alarm.startsWith(`millrace-production-${kebab(part)}-`))
    .toSorted((one, other) => other.length - one.length)
    .at(0);

it("the reference counts what production's alarms look at, which is what they cost", () => {
  const page =
    referencePages(
      domains.map(({ pipeline }) => pipeline),
      environmentOf("production").origins,
    )["alarms.md"] ?? "";
  for (const part of PARTS) {
    const metrics = of("production", "AWS::CloudWatch::Alarm")
      .filter(({ properties }) => partOf(String(properties["AlarmName"])) === part)
      .filter(({ properties }) => !String(properties["AlarmName"]).endsWith("-canary"))
      .reduce((sum, { properties }) => sum + inAlarm(properties).length, 0);
    expect(page).toContain(`| ${part} | ${metrics} |`);
  }
});

describe("the runbooks", () => {
  it("are all in the index", () => {
    const index = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
    for (const page of pages.filter((one) => one !== "README.md")) expect(index).toContain(`(${page})`);
  });

  it.each(pages)("%s links to places that exist and names commands that exist", (page) => {
    const text = readFileSync(join(RUNBOOKS, page), "utf8");
    for (const [, target = "", anchor] of text.matchAll(/\]\(([a-z-]+\.md)?(?:#([a-z0-9-]+))?\)/g)) {
      expect(pages).toContain(target === "" ? page : target);
      if (anchor !== undefined) expect(anchorsOf(target === "" ? page : target)).toContain(anchor);
    }
    const verbs = VERBS.map(({ usage }) => first(usage));
    const grouped = Object.entries(GROUPS).flatMap(([group, { verbs: own }]) =>
      own.flatMap(({ usage, isDefault = false }) => [`${group} ${first(usage)}`, ...(isDefault ? [`${group} `] : [])]),
    );
    for (const [, one = "", two = ""] of text.matchAll(/npx millrace ([a-z]+)(?: ([a-z]+))?/g))
      expect(
        [...verbs, ...grouped].some((known) => known === one || known === `${one} ${two}`),
        `${one} ${two}`,
      ).toBe(true);
  });
});

const first = (usage: string): string => usage.split(" ")[0] ?? "";

/** As Git hosts make them of headings. */
function anchorsOf(page: string): readonly string[] {
  const text = readFileSync(join(RUNBOOKS, page), "utf8");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
}

interface Watched {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

const Dimensions = z
  .array(z.object({ Name: z.string(), Value: z.unknown().transform(flat) }))
  .default([])
  .transform((all) => Object.fromEntries(all.map(({ Name, Value }) => [Name, Value])));
const OneMetric = z.object({ Namespace: z.string(), MetricName: z.string(), Dimensions });
const Sum = z.object({ Metrics: z.array(z.object({ MetricStat: z.object({ Metric: OneMetric }).optional() })) });

function inAlarm(properties: unknown): readonly Watched[] {
  const sum = Sum.safeParse(properties);
  const metrics = sum.success
    ? sum.data.Metrics.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric]))
    : [OneMetric.parse(properties)];
  return metrics.map((one) => ({ namespace: one.Namespace, metric: one.MetricName, dimensions: one.Dimensions }));
}

const SEARCHED =
  /SEARCH\('\{Millrace,([a-z,]+)\} MetricName=\\"(\w+)\\" environment=\\"([a-z]+)\\" domain=\\"([a-z_-]+)\\"'/g;

const Body = z.object({
  widgets: z.array(z.object({ properties: z.object({ metrics: z.array(z.array(z.unknown())).default([]) }) })),
});

/** Rows of a graph: namespace, metric, then names and values of dimensions, then an object that says how to draw. */
const inDashboard = (body: string): readonly Watched[] =>
  Body.parse(JSON.parse(body)).widgets.flatMap(({ properties: { metrics } }) =>
    metrics.flatMap((row) => {
      const [namespace, metric, ...rest] = row.filter((part) => typeof part === "string");
      if (namespace === undefined || metric === undefined) return [];
      const pairs = Array.from({ length: rest.length / 2 }, (_, index) => [rest[2 * index], rest[2 * index + 1]]);
      return [{ namespace, metric, dimensions: Object.fromEntries(pairs) }];
    }),
  );

const bodies = (name: EnvironmentName): readonly string[] =>
  of(name, "AWS::CloudWatch::Dashboard").map(({ properties }) => flat(properties["DashboardBody"]));

const watchedIn = (name: EnvironmentName): readonly Watched[] => [
  ...of(name, "AWS::CloudWatch::Alarm").flatMap(({ properties }) => inAlarm(properties)),
  ...bodies(name).flatMap(inDashboard),
];

/** Values that only AWS knows become the id of their resource, or a word. */
function flat(value: unknown): string {
  if (typeof value === "string") return value;
  const known = value as { readonly Ref?: string; readonly "Fn::Join"?: readonly [string, readonly unknown[]] };
  if (known["Fn::Join"] !== undefined) return known["Fn::Join"][1].map(flat).join(known["Fn::Join"][0]);
  return known.Ref ?? "resolved";
}

/** What a dimension may name: physical names, and ids where the template refers to a resource. */
const physicalNames = (name: EnvironmentName): ReadonlySet<string> =>
  new Set(
    of(name).flatMap(({ id, type, properties }) => [
      id,
      ...Object.entries(properties)
        .filter(
          ([key]) => key.endsWith("Name") || key === "Family" || (key === "Name" && type !== "AWS::SSM::Parameter"),
        )
        .map(([, value]) => String(value)),
    ]),
  );
