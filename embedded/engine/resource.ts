/** The Resource of a Task: which service it calls and how the state waits for it. */
export interface Resource {
  readonly arn: string;
  /** `lambda-arn`: a plain function ARN, which has history events of its own. */
  readonly kind: "lambda-arn" | "service";
  /** `lambda`, `ecs`, `aws-sdk:s3`: the resourceType of history events. */
  readonly service: string;
  /** With its pattern: `invoke.waitForTaskToken`, the resource of history events. */
  readonly action: string;
  readonly pattern: "response" | "sync" | "token";
}

const SERVICE =
  /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:(aws-sdk:[a-zA-Z0-9]+|[a-z0-9-]+):([a-zA-Z0-9]+)(\.sync(?::2)?|\.waitForTaskToken)?$/;
const FUNCTION = /^arn:aws[a-z-]*:lambda:[a-z0-9-]*:\d*:function:[^\s]+$/;

/** Undefined for anything that is neither a service integration nor a Lambda function. */
export function parseResource(arn: string): Resource | undefined {
  if (FUNCTION.test(arn)) return { arn, kind: "lambda-arn", service: "lambda", action: arn, pattern: "response" };
  const match = SERVICE.exec(arn);
  const [, service, action, suffix] = match ?? [];
  if (service === undefined || action === undefined || service === "activity") return undefined;
  const pattern = suffix === undefined ? "response" : suffix === ".waitForTaskToken" ? "token" : "sync";
  return { arn, kind: "service", service, action: `${action}${suffix ?? ""}`, pattern };
}

/** What the embedded engine can carry out itself; the rest is refused when a machine is loaded. */
export const SUPPORTED_INTEGRATIONS: ReadonlySet<string> = new Set([
  "lambda:invoke",
  "lambda:invoke.waitForTaskToken",
  "ecs:runTask",
  "ecs:runTask.sync",
  "ecs:runTask.waitForTaskToken",
  "states:startExecution",
  "states:startExecution.sync",
  "states:startExecution.sync:2",
  "events:putEvents",
]);

export const isSupported = (resource: Resource): boolean =>
  resource.kind === "lambda-arn" || SUPPORTED_INTEGRATIONS.has(`${resource.service}:${resource.action}`);
