import { describe, expect, it } from "vitest";
import { definePipeline, type FargateCompute } from "../../core/model/pipeline.ts";
import { checkPipeline } from "./pipeline.ts";

const compute: FargateCompute = {
  kind: "fargate",
  cpuUnits: 1024,
  memoryMb: 2_048,
  diskGb: 30,
  timeoutSeconds: 600,
  heartbeatSeconds: 300,
  container: "worker",
};

const pipelineOf = (changes: Partial<FargateCompute>) =>
  definePipeline({
    domain: "one",
    description: "One container.",
    jobs: {},
    tasks: { Work: { description: "Works.", handler: "one/work", compute: { ...compute, ...changes } } },
    triggers: [],
    assets: [],
    lanes: [],
  });

const SPOT = "{% $states.context.State.RetryCount = 0 ? 'FARGATE_SPOT' : 'FARGATE' %}";
const PLACE = { ErrorEquals: ["AmazonECS.Unknown", "ECS.AmazonECSException"], MaxAttempts: 3 };

/** What the rules about containers say of a state with these arguments. */
function problems(
  args: Readonly<Record<string, unknown>>,
  { changes = {}, retry = [PLACE] }: { changes?: Partial<FargateCompute>; retry?: readonly object[] } = {},
): readonly string[] {
  const text = JSON.stringify({
    Comment: "Works.",
    QueryLanguage: "JSONata",
    TimeoutSeconds: 900,
    StartAt: "Work",
    States: {
      Work: {
        Type: "Task",
        Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken",
        Arguments: {
          TaskDefinition: "${Work}",
          Overrides: { ContainerOverrides: [{ Name: "Work" }] },
          ...args,
        },
        HeartbeatSeconds: 300,
        TimeoutSeconds: 600,
        Retry: [{ ErrorEquals: ["Transient", "Throttled"], MaxAttempts: 3 }, ...retry],
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "RecordFailure" }],
        End: true,
      },
      RecordFailure: { Type: "Pass", End: true },
    },
  });
  return checkPipeline(pipelineOf(changes), text)
    .filter(({ rule }) => rule === "task")
    .map(({ message }) => message);
}

const strategy = (provider: string) => ({ CapacityProviderStrategy: [{ CapacityProvider: provider, Weight: 1 }] });

describe("where a container runs", () => {
  it("is spot at the first attempt, and on demand after it", () => {
    expect(problems(strategy(SPOT))).toEqual([]);
    expect(problems(strategy("FARGATE_SPOT"))).toEqual([expect.stringContaining("declared with spot")]);
    expect(problems(strategy("FARGATE"))).toEqual([expect.stringContaining("declared with spot")]);
  });

  it("is on demand where the declaration says so", () => {
    expect(problems(strategy("FARGATE"), { changes: { spot: false } })).toEqual([]);
    expect(problems(strategy(SPOT), { changes: { spot: false } })).toEqual([
      expect.stringContaining("declared without spot"),
    ]);
  });

  it("is named once: ECS refuses a launch type beside a strategy", () => {
    expect(problems({ ...strategy(SPOT), LaunchType: "FARGATE" }).join()).toContain("LaunchType");
    expect(problems({ LaunchType: "FARGATE" }).join()).toContain("CapacityProviderStrategy");
  });

  it("is looked for again when there is no place", () => {
    expect(problems(strategy(SPOT), { retry: [] })).toEqual([
      expect.stringContaining("AmazonECS.Unknown"),
      expect.stringContaining("ECS.AmazonECSException"),
    ]);
  });
});

describe("the size of a container", () => {
  it.each([
    [{ cpuUnits: 256, memoryMb: 2_048 }],
    [{ cpuUnits: 1024, memoryMb: 8_192 }],
    [{ cpuUnits: 4096, memoryMb: 30_720, diskGb: 200 }],
    [{ diskGb: 20 }],
  ] as const)("%o is one of Fargate's", (size) => {
    expect(() => pipelineOf(size)).not.toThrow();
  });

  it.each([
    [{ cpuUnits: 256, memoryMb: 4_096 }, "4096 MB do not go with 256 CPU units"],
    [{ cpuUnits: 256, memoryMb: 1_536 }, "1536 MB"],
    [{ cpuUnits: 1024, memoryMb: 2_500 }, "2048 to 8192 by 1024"],
    [{ diskGb: 201 }, "20 to 200"],
    [{ diskGb: 30.5 }, "20 to 200"],
  ] as const)("%o is refused where it is declared", (size, reason) => {
    expect(() => pipelineOf(size)).toThrow(reason);
  });
});
