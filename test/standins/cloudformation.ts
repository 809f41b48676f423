import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/**
 * The part of CloudFormation's query protocol that drift detection uses, for what MiniStack never answers: pages,
 * throttling, detections that take their time or fail in part. Shapes after AWS's API reference.
 */
export interface CloudFormationStandIn {
  readonly url: string;
  /** Actions that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

export interface ScriptedStack {
  readonly name: string;
  readonly status: string;
  /** One list for every page of the answer: members of StackResourceDrifts. */
  readonly drifts: readonly (readonly string[])[];
  /** Set = the detection fails in part, with this reason. */
  readonly failure?: string;
}

export const driftXml = (id: string, status: string, differences = ""): string =>
  `<LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${id.toLowerCase()}</PhysicalResourceId>` +
  `<ResourceType>AWS::SQS::Queue</ResourceType><StackResourceDriftStatus>${status}</StackResourceDriftStatus>` +
  `<PropertyDifferences>${differences}</PropertyDifferences>`;

export async function startCloudFormation(stacks: readonly ScriptedStack[]): Promise<CloudFormationStandIn> {
  const asked: string[] = [];
  const polls = new Map<string, number>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const form = new URLSearchParams(body);
      const action = form.get("Action") ?? "";
      asked.push(action);
      // The first question is throttled: whoever asks has to ask again.
      if (asked.length === 1) return throttle(response);
      response.writeHead(200, { "content-type": "text/xml" });
      response.end(`<${action}Response><${action}Result>${answer(action, form)}</${action}Result></${action}Response>`);
    });
  });
  const answer = (action: string, form: URLSearchParams): string => {
    const page = Number(form.get("NextToken") ?? "0");
    const stack = stacks.find(({ name }) => [form.get("StackName"), form.get("StackDriftDetectionId")].includes(name));
    if (action === "DescribeStacks") return describeStacks(stacks, page);
    if (action === "DetectStackDrift") return `<StackDriftDetectionId>${stack?.name ?? ""}</StackDriftDetectionId>`;
    if (action === "DescribeStackDriftDetectionStatus") {
      const poll = (polls.get(stack?.name ?? "") ?? 0) + 1;
      polls.set(stack?.name ?? "", poll);
      if (poll < 3) return "<DetectionStatus>DETECTION_IN_PROGRESS</DetectionStatus>";
      return stack?.failure === undefined
        ? "<DetectionStatus>DETECTION_COMPLETE</DetectionStatus>"
        : `<DetectionStatus>DETECTION_FAILED</DetectionStatus><DetectionStatusReason>${stack.failure}</DetectionStatusReason>`;
    }
    const members = (stack?.drifts[page] ?? []).map((member) => `<member>${member}</member>`).join("");
    const more = page + 1 < (stack?.drifts.length ?? 0) ? `<NextToken>${page + 1}</NextToken>` : "";
    return `<StackResourceDrifts>${members}</StackResourceDrifts>${more}`;
  };
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((closed) => void server.close(() => closed())),
  };
}

/** One stack a page. */
function describeStacks(stacks: readonly ScriptedStack[], page: number): string {
  const stack = stacks[page];
  const more = page + 1 < stacks.length ? `<NextToken>${page + 1}</NextToken>` : "";
  if (stack === undefined) return "<Stacks/>";
  const id = `arn:aws:cloudformation:us-east-1:123456789012:stack/${stack.name}/1`;
  return `<Stacks><member><StackName>${stack.name}</StackName><StackId>${id}</StackId><StackStatus>${stack.status}</StackStatus></member></Stacks>${more}`;
}

function throttle(response: ServerResponse): void {
  response.writeHead(400, { "content-type": "text/xml" });
  response.end(
    "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
  );
}
