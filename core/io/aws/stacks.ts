import {
  CloudFormationClient,
  DescribeStackDriftDetectionStatusCommand,
  DetectStackDriftCommand,
  GetTemplateCommand,
  paginateDescribeStackResourceDrifts,
  paginateDescribeStacks,
} from "@aws-sdk/client-cloudformation";
import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../model/failures.ts";
import { PATIENT_CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";

export interface DeployedStack {
  readonly name: string;
  /** ARN; holds account and region. */
  readonly id: string;
  /** For example UPDATE_COMPLETE. */
  readonly status: string;
  readonly statusReason: string | undefined;
  readonly isProtected: boolean;
}

export interface DriftedProperty {
  /** JSON pointer, for example `/VersioningConfiguration/Status`. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

export interface ResourceDrift {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: "MODIFIED" | "DELETED";
  readonly properties: readonly DriftedProperty[];
}

export interface StackDrift {
  readonly drifted: readonly ResourceDrift[];
  /** Resources that were compared; the others are of types that CloudFormation cannot compare. */
  readonly checked: number;
  /** Why the answer is not whole: CloudFormation could not read some resources. */
  readonly incomplete?: string;
}

export interface Stacks {
  /** Stacks whose names begin with the prefix, without deleted ones. */
  list(prefix: string): Promise<readonly DeployedStack[]>;
  /** The template as it was deployed, JSON text. */
  template(name: string): Promise<string>;
  /** Asks CloudFormation to compare the stack with what is really there; takes up to minutes. */
  drift(name: string): Promise<StackDrift>;
}

/** A stack of hundreds of resources takes a few minutes; after this the detection is taken for lost. */
const DRIFT_MAX_MS = 15 * 60_000;
const DRIFT_POLL_MS = 2_000;

/** What is deployed, as CloudFormation knows it. Reads only. */
export function awsStacks(pollMs = DRIFT_POLL_MS): Stacks {
  const client = new CloudFormationClient({
    ...PATIENT_CLIENT,
    // Operators wait for it, and CloudFormation throttles its readers by account.
    maxAttempts: 8,
  });
  return {
    list: async (prefix) => {
      try {
        const found: DeployedStack[] = [];
        for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
          for (const stack of Stacks) {
            const { StackName: name = "", StackId: id = "", StackStatus: status = "" } = stack;
            // In review a stack has a name and nothing else yet.
            if (!name.startsWith(prefix) || status === "REVIEW_IN_PROGRESS") continue;
            const isProtected = stack.EnableTerminationProtection === true;
            found.push({ name, id, status, statusReason: stack.StackStatusReason, isProtected });
          }
        }
        return found.toSorted((a, b) => a.name.localeCompare(b.name));
      } catch (error) {
        throw awsFailure(error, `list the stacks ${prefix}*`);
      }
    },
    template: async (StackName) => {
      try {
        const { TemplateBody = "" } = await client.send(
          new GetTemplateCommand({ StackName, TemplateStage: "Original" }),
        );
        return TemplateBody;
      } catch (error) {
        throw awsFailure(error, `read the template of ${StackName}`);
      }
    },
    drift: async (name) => {
      try {
        const incomplete = await detect(client, name, pollMs);
        return { ...(await readDrift(client, name)), ...(incomplete === undefined ? {} : { incomplete }) };
      } catch (error) {
        throw awsFailure(error, `compare ${name} with what is there`);
      }
    },
  };
}

/** Returns why some resources were left out, if any were. */
async function detect(client: CloudFormationClient, StackName: string, pollMs: number): Promise<string | undefined> {
  const { StackDriftDetectionId } = await client.send(new DetectStackDriftCommand({ StackName }));
  const until = Date.now() + DRIFT_MAX_MS;
  while (Date.now() < until) {
    const { DetectionStatus, DetectionStatusReason = "no reason given" } = await client.send(
      new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }),
    );
    if (DetectionStatus === "DETECTION_COMPLETE") return undefined;
    if (DetectionStatus === "DETECTION_FAILED") return DetectionStatusReason;
    await wait(pollMs);
  }
  throw new Failure(
    "Transient",
    `CloudFormation has not compared ${StackName} within ${DRIFT_MAX_MS / 60_000} minutes.`,
    {
      code: "drift_detection_slow",
      what: `compare ${StackName} with what is there`,
      hint: "Run it again.",
    },
  );
}

async function readDrift(client: CloudFormationClient, StackName: string): Promise<StackDrift> {
  const drifted: ResourceDrift[] = [];
  let checked = 0;
  for await (const page of paginateDescribeStackResourceDrifts({ client }, { StackName })) {
    for (const drift of page.StackResourceDrifts ?? []) {
      const status = drift.StackResourceDriftStatus;
      if (status === "IN_SYNC") checked += 1;
      if (status !== "MODIFIED" && status !== "DELETED") continue;
      checked += 1;
      drifted.push({
        logicalId: drift.LogicalResourceId ?? "",
        physicalId: drift.PhysicalResourceId ?? "",
        type: drift.ResourceType ?? "",
        status,
        properties: (drift.PropertyDifferences ?? []).map(
          ({ PropertyPath = "", ExpectedValue = "", ActualValue = "" }) => ({
            path: PropertyPath,
            expected: ExpectedValue,
            actual: ActualValue,
          }),
        ),
      });
    }
  }
  return { drifted, checked };
}
