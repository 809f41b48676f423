import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeTinyAssembly } from "../test/standins/tiny-assembly.ts";
import { resolveIntrinsics, type Scope } from "./assembly/intrinsics.ts";
import { loadAssembly } from "./assembly.ts";

let folder: string;
beforeAll(() => {
  folder = writeTinyAssembly(mkdtempSync(join(tmpdir(), "assembly-")), {
    functions: { Work: { code: "", memoryMb: 512, timeoutSeconds: 7 } },
    containers: { Big: { code: "" } },
    machines: {
      flow: {
        StartAt: "A",
        States: { A: { Type: "Task", Resource: "${Work}", Arguments: "${Big} ${Unknown}", End: true } },
      },
    },
    landings: { log: { machine: "flow", prefix: "sources/" } },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an assembly", () => {
  test("gives functions with their bundle, environment and limits", () => {
    const { functions, settings } = loadAssembly(folder, "dev");
    expect(functions).toMatchObject([
      {
        name: "tiny-us-east-1-Work",
        handler: "index.handler",
        timeoutSeconds: 7,
        memoryMb: 512,
        arn: "arn:aws:lambda:us-east-1:000000000000:function:tiny-us-east-1-Work",
      },
    ]);
    expect(functions[0]?.assetDir).toBe(join(folder, "assembly-dev", "asset.Work"));
    expect(functions[0]?.environment["MILLRACE_BUCKET_LANDING"]).toBe("tiny-landing");
    expect(settings["MILLRACE_BUS"]).toBe("tiny-bus");
  });

  test("gives machines with every known substitution made, and leaves other text alone", () => {
    const [machine] = loadAssembly(folder, "dev").machines;
    expect(machine?.arn).toBe("arn:aws:states:us-east-1:000000000000:stateMachine:tiny-dev-flow");
    expect(JSON.parse(machine?.definition ?? "{}").States.A).toMatchObject({
      Resource: "arn:aws:lambda:us-east-1:000000000000:function:tiny-us-east-1-Work",
      Arguments: "arn:aws:ecs:us-east-1:000000000000:task-definition/tiny-Big:1 ${Unknown}",
    });
  });

  test("gives containers with their image's folder, and rules with their targets", () => {
    const { containers, rules } = loadAssembly(folder, "dev");
    expect(containers).toMatchObject([
      { family: "tiny-Big", imageDir: join(folder, "assembly-dev", "asset.Big"), memoryMb: 256 },
    ]);
    expect(rules).toMatchObject([
      {
        name: "tiny-log",
        bus: "default",
        targets: [{ arn: "arn:aws:states:us-east-1:000000000000:stateMachine:tiny-dev-flow" }],
      },
    ]);
  });

  test("a missing stage and a missing folder are Misconfigured, with what there is", () => {
    expect(() => loadAssembly(folder, "production")).toThrow(/no stage "production"/);
    expect(() => loadAssembly(join(folder, "nowhere"), "dev")).toThrow(/manifest.json is missing/);
  });

  test("an export of one stack reaches the stack that imports it; what is not run here is named", () => {
    const two = mkdtempSync(join(tmpdir(), "assembly-"));
    try {
      writeTinyAssembly(two, { functions: { Work: { code: "" } }, machines: {} });
      const stage = join(two, "assembly-dev");
      const manifest = JSON.parse(readFileSync(join(stage, "manifest.json"), "utf8"));
      manifest.artifacts.other = {
        type: "aws:cloudformation:stack",
        properties: { templateFile: "other.json", stackName: "other" },
      };
      writeFileSync(join(stage, "manifest.json"), JSON.stringify(manifest));
      const exported = {
        Outputs: {
          Name: { Value: { "Fn::GetAtt": ["Api", "Arn"] }, Export: { Name: { "Fn::Sub": "${AWS::StackName}-api" } } },
        },
      };
      writeFileSync(
        join(stage, "other.json"),
        JSON.stringify({ Resources: { Api: { Type: "AWS::ApiGatewayV2::Api" } }, ...exported }),
      );
      const tiny = JSON.parse(readFileSync(join(stage, "tiny.template.json"), "utf8"));
      tiny.Resources.Work.Properties.Environment.Variables.API = { "Fn::ImportValue": "other-api" };
      writeFileSync(join(stage, "tiny.template.json"), JSON.stringify(tiny));
      const assembly = loadAssembly(two, "dev");
      expect(assembly.functions[0]?.environment["API"]).toBe("arn:aws:apigatewayv2:us-east-1:000000000000:other-Api");
      expect(assembly.warnings).toEqual([expect.stringContaining("AWS::ApiGatewayV2::Api Api of other")]);
    } finally {
      rmSync(two, { recursive: true, force: true });
    }
  });
});

describe("intrinsic functions", () => {
  const scope: Scope = {
    ref: (id) => `ref-${id}`,
    attribute: (id, name) => `${id}.${name}`,
    importValue: (name) => `import-${name}`,
    stackOutput: () => "",
    condition: (name) => name === "Yes",
    mapping: (...keys) => keys.join("/"),
  };
  test.each([
    [{ "Fn::Join": ["-", ["a", { Ref: "B" }]] }, "a-ref-B"],
    [{ "Fn::Sub": "${A} ${B.C} ${!D}" }, "ref-A B.C ${D}"],
    [{ "Fn::Sub": ["${x}${A}", { x: { "Fn::GetAtt": "B.C.D" } }] }, "B.C.Dref-A"],
    [{ "Fn::Select": [1, { "Fn::Split": [",", "a,b,c"] }] }, "b"],
    [{ "Fn::If": ["Yes", 1, 2] }, 1],
    [{ a: { "Fn::If": ["No", 1, { Ref: "AWS::NoValue" }] }, b: [{ Ref: "AWS::NoValue" }, 2] }, { b: [2] }],
    [{ "Fn::FindInMap": ["m", "a", "b"] }, "m/a/b"],
    [{ "Fn::Base64": "x" }, "eA=="],
  ])("%j", (value, expected) => {
    expect(resolveIntrinsics(value, scope)).toEqual(expected);
  });

  test("an unknown one is refused by name", () => {
    expect(() => resolveIntrinsics({ "Fn::Magic": [] }, scope)).toThrow(/Fn::Magic/);
  });
});
