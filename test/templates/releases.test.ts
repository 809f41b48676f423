import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { allowed, resources, synthesise } from "./synthesised.ts";

let assembly: ReturnType<typeof synthesise>;
beforeAll(() => {
  assembly = synthesise();
});
afterAll(() => assembly.remove());

const of = (name: EnvironmentName, type: string) => resources(assembly.templates.get(name) ?? [], type);
/** Stacks that have functions, one by one: tasks of one name in two of them have the same logical ids. */
const stacks = (name: EnvironmentName) =>
  (assembly.templates.get(name) ?? []).filter((template) => resources([template], FUNCTION).length > 0);
const texts = (found: ReturnType<typeof resources>, property: string) =>
  found.map(({ properties }) => String(properties[property])).toSorted((a, b) => a.localeCompare(b));
const FUNCTION = "AWS::Lambda::Function";
const ALIAS = "AWS::Lambda::Alias";

describe.each(["qa", "production"] as const)("a release of %s", (name) => {
  it("moves one alias for every function, by a canary that is taken back when its alarm sounds", () => {
    expect(stacks(name).length).toBeGreaterThan(1);
    expect(texts(of(name, "AWS::CodeDeploy::DeploymentGroup"), "DeploymentGroupName")).toEqual(
      texts(of(name, FUNCTION), "FunctionName"),
    );
    expect(of(name, ALIAS)).toHaveLength(of(name, FUNCTION).length);
    for (const stack of stacks(name)) {
      const alarms = new Map(resources([stack], "AWS::CloudWatch::Alarm").map((alarm) => [alarm.id, alarm]));
      for (const { properties } of resources([stack], "AWS::CodeDeploy::DeploymentGroup")) {
        expect(properties).toMatchObject({
          DeploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
          AutoRollbackConfiguration: { Enabled: true, Events: expect.arrayContaining(["DEPLOYMENT_STOP_ON_ALARM"]) },
          AlarmConfiguration: { Enabled: true },
        });
        const { Alarms } = properties["AlarmConfiguration"] as { Alarms: { Name: { Ref: string } }[] };
        const watched = Alarms.map((alarm) => alarms.get(alarm.Name.Ref));
        // Of the version that is released only: a source that is down for both versions takes no release back.
        expect(watched).toMatchObject([
          {
            properties: {
              MetricName: "Errors",
              Dimensions: [
                { Name: "ExecutedVersion", Value: { "Fn::GetAtt": [expect.any(String), "Version"] } },
                { Name: "FunctionName", Value: properties["DeploymentGroupName"] },
                { Name: "Resource", Value: `${String(properties["DeploymentGroupName"])}:live` },
              ],
              AlarmDescription: expect.stringContaining("docs/runbooks/release-taken-back.md"),
            },
          },
        ]);
      }
    }
  });

  it("leaves the version before it in place, for calls under way and for the way back", () => {
    const versions = of(name, "AWS::Lambda::Version");
    expect(versions).toHaveLength(of(name, FUNCTION).length);
    // Retained also after a failed release, the same code could not be published again.
    expect(new Set(versions.map(({ deletionPolicy }) => deletionPolicy))).toEqual(new Set(["RetainExceptOnCreate"]));
  });

  it("lets machines call aliases and no function past them", () => {
    for (const stack of stacks(name)) {
      const aliases = resources([stack], ALIAS).map(({ id }) => id);
      const invoked = allowed([stack])
        .filter(({ actions }) => actions.includes("lambda:InvokeFunction"))
        .flatMap((statement) => statement.resources as { Ref?: string }[]);
      expect(new Set(invoked.map(({ Ref }) => Ref))).toEqual(new Set(aliases));
      const called = resources([stack], "AWS::StepFunctions::StateMachine").flatMap(({ properties }) =>
        Object.values(properties["DefinitionSubstitutions"] as Record<string, { Ref?: string }>),
      );
      expect(called.filter(({ Ref = "" }) => aliases.includes(Ref))).toHaveLength(aliases.length);
      expect(JSON.stringify(called)).not.toMatch(/"Fn::GetAtt":\["\w+Function\w+","Arn"\]/);
    }
  });
});

it.each(["dev", "ci", "emulated"] as const)("%s has functions and nothing before them", (name) => {
  expect(of(name, FUNCTION).length).toBeGreaterThan(5);
  for (const type of [
    ALIAS,
    "AWS::Lambda::Version",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodeDeploy::Application",
  ])
    expect(of(name, type)).toEqual([]);
});
