import type { Execution, Frame } from "./frame.ts";
import type { Json, JsonObject } from "./json.ts";

export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** The context object, `$states.context`, with AWS's order of keys. Only a state that can have a Retry counts retries. */
export function contextObject(
  execution: Execution,
  frame: Frame,
  item: Frame["item"],
  token: string | undefined,
  retriable: boolean,
): JsonObject {
  const context: JsonObject = {
    Execution: {
      Id: execution.arn,
      Input: execution.input,
      StartTime: isoTime(execution.startMs),
      Name: execution.name,
      RoleArn: execution.roleArn,
      RedriveCount: execution.redriveCount,
      ...(execution.redriveMs === undefined ? {} : { RedriveTime: isoTime(execution.redriveMs) }),
    },
    StateMachine: { Id: execution.machineArn, Name: execution.machineName },
    State: {
      Name: frame.state,
      EnteredTime: isoTime(frame.enteredMs),
      ...(retriable ? { RetryCount: frame.retryCount } : {}),
    },
  };
  if (item !== undefined) context["Map"] = { Item: mapItem(item) };
  if (token !== undefined) context["Task"] = { Token: token };
  return context;
}

function mapItem(item: { readonly index: number; readonly value: Json; readonly key?: string }): JsonObject {
  return { Index: item.index, Value: item.value, ...(item.key === undefined ? {} : { Key: item.key }) };
}
