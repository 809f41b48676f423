import { isList, isObject, member, numeric, parseJson, text, type Json, type JsonObject } from "./json.ts";
import type { Resource } from "./templates.ts";

export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  readonly input?: string;
  readonly inputPath?: string;
  readonly inputTransformer?: { readonly paths: Readonly<Record<string, string>>; readonly template: string };
}

export interface Rule {
  readonly name: string;
  readonly bus: string;
  readonly pattern: JsonObject;
  readonly targets: readonly RuleTarget[];
}

export interface Schedule {
  readonly name: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly enabled: boolean;
  readonly targetArn: string;
  /** JSON text; may hold `<aws.scheduler.scheduled-time>`. */
  readonly input: string;
  /** A tick missed for longer than this is not made up for: the retry policy's maximum event age. */
  readonly maximumAgeSeconds: number;
}

/** EventBridge rules with a pattern that are switched on. */
export function rulesOf(resources: readonly Resource[]): Rule[] {
  return resources
    .filter((one) => one.type === "AWS::Events::Rule" && one.properties["State"] !== "DISABLED")
    .filter((one) => isObject(one.properties["EventPattern"]))
    .map(({ name, properties }) => ({
      name,
      bus: busName(text(properties["EventBusName"]) ?? "default"),
      pattern: member(properties, "EventPattern"),
      targets: targetsOf(properties["Targets"]),
    }));
}

/** Scheduler schedules, and rules with a schedule expression. */
export function schedulesOf(resources: readonly Resource[]): Schedule[] {
  return resources.flatMap(({ type, name, properties }) => {
    const expression = text(properties["ScheduleExpression"]);
    if (expression === undefined) return [];
    const enabled = properties["State"] !== "DISABLED";
    if (type === "AWS::Scheduler::Schedule") {
      const target = member(properties, "Target");
      const universal = (text(target["Arn"]) ?? "").endsWith(":aws-sdk:sfn:startExecution");
      const request = universal ? parsed(text(target["Input"]) ?? "{}") : {};
      return [
        {
          name,
          expression,
          timeZone: text(properties["ScheduleExpressionTimezone"]) ?? "UTC",
          enabled,
          targetArn: universal ? (text(request["StateMachineArn"]) ?? "") : (text(target["Arn"]) ?? ""),
          input: (universal ? text(request["Input"]) : text(target["Input"])) ?? "{}",
          maximumAgeSeconds: numeric(member(target, "RetryPolicy")["MaximumEventAgeInSeconds"]) ?? 86_400,
        },
      ];
    }
    if (type !== "AWS::Events::Rule") return [];
    return targetsOf(properties["Targets"]).map((target) => ({
      name: `${name}-${target.id}`,
      expression,
      timeZone: "UTC",
      enabled,
      targetArn: target.arn,
      input: target.input ?? "{}",
      maximumAgeSeconds: 86_400,
    }));
  });
}

function targetsOf(value: Json | undefined): RuleTarget[] {
  return (isList(value) ? value : []).filter(isObject).map((target) => {
    const transformer = target["InputTransformer"];
    const input = text(target["Input"]);
    const inputPath = text(target["InputPath"]);
    return {
      id: text(target["Id"]) ?? "",
      arn: text(target["Arn"]) ?? "",
      ...(input === undefined ? {} : { input }),
      ...(inputPath === undefined ? {} : { inputPath }),
      ...(isObject(transformer)
        ? {
            inputTransformer: {
              paths: Object.fromEntries(
                Object.entries(member(transformer, "InputPathsMap")).map(([key, path]) => [key, text(path) ?? ""]),
              ),
              template: text(transformer["InputTemplate"]) ?? "",
            },
          }
        : {}),
    };
  });
}

/** A bus is given by name or by ARN. */
const busName = (value: string): string => value.split("event-bus/").at(-1) ?? value;

function parsed(source: string): JsonObject {
  const value = parseJson(source);
  return isObject(value) ? value : {};
}
