import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ENVIRONMENTS } from "../../core/model/pipeline.ts";
import { matchesPattern } from "../../embedded/events/pattern.ts";
import { targetInput } from "../../embedded/events/target-input.ts";
import { namesOf } from "../../lib/environment.ts";
import { taskStopped } from "../standins/ecs-task-stopped.ts";
import { useAssembly } from "./synthesised.ts";

const { of } = useAssembly();

const Rule = z.object({
  EventPattern: z.looseObject({ detail: z.looseObject({ clusterArn: z.tuple([z.unknown()]) }) }),
  // AWS sends to the default bus only.
  EventBusName: z.undefined().optional(),
  Targets: z.tuple([
    z.object({
      InputTransformer: z.object({ InputPathsMap: z.record(z.string(), z.string()), InputTemplate: z.string() }),
    }),
  ]),
});

describe.each(ENVIRONMENTS)("a container of %s that stops", (name) => {
  const { cluster } = namesOf({ name, organisation: "ol" });
  const rule = () => {
    const found = of(name, "AWS::Events::Rule").find(({ properties }) =>
      JSON.stringify(properties["EventPattern"]).includes("aws.ecs"),
    );
    const { EventPattern, Targets } = Rule.parse(found?.properties);
    // What CloudFormation makes of the join.
    const { detail, ...pattern } = JSON.parse(JSON.stringify(EventPattern)) as { detail: object };
    const own = { ...pattern, detail: { ...detail, clusterArn: [taskStopped({ cluster }).detail.clusterArn] } };
    expect(JSON.stringify(EventPattern.detail.clusterArn)).toMatch(`:cluster/${cluster}"`);
    return { pattern: own, transformer: Targets[0].InputTransformer };
  };

  it("is heard of, and nobody else's", () => {
    const { pattern } = rule();
    const event = taskStopped({ cluster });
    expect(matchesPattern(pattern, event)).toBe(true);
    expect(matchesPattern(pattern, taskStopped({ cluster: "other" }))).toBe(false);
    const running = { ...event, detail: { ...event.detail, lastStatus: "RUNNING" } };
    expect(matchesPattern(pattern, running)).toBe(false);
  });

  it("is told of by its ARN alone: the event holds the token that answers for it", () => {
    const { InputPathsMap: paths, InputTemplate: template } = rule().transformer;
    const event = taskStopped({ cluster });
    const input = targetInput({ id: "t", arn: "a", inputTransformer: { paths, template } }, event, "rule");
    expect(JSON.parse(input)).toEqual({
      ...{ domain: "coordinator", job: "worker_stopped", trigger: "worker_stopped" },
      worker: event.detail.taskArn,
    });
  });
});
