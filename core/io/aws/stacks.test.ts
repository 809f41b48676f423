import { afterEach, describe, expect, it, vi } from "vitest";
import {
  driftXml,
  startCloudFormation,
  type CloudFormationStandIn,
  type ScriptedStack,
} from "../../../test/standins/cloudformation.ts";
import { awsStacks, type Stacks } from "./stacks.ts";

let standIn: CloudFormationStandIn | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await standIn?.close();
});

async function open(...stacks: readonly ScriptedStack[]): Promise<Stacks> {
  standIn = await startCloudFormation(stacks);
  vi.stubEnv("AWS_ENDPOINT_URL", standIn.url);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  return awsStacks(1);
}

const difference =
  "<member><PropertyPath>/DelaySeconds</PropertyPath><ExpectedValue>0</ExpectedValue><ActualValue>9</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member>";

describe("what CloudFormation knows of stacks", () => {
  it("is listed page by page, throttled or not, without stacks of others", async () => {
    const drifts = [[]];
    const stacks = await open(
      { name: "millrace-qa-platform", status: "UPDATE_COMPLETE", drifts },
      { name: "millrace-qa-new", status: "REVIEW_IN_PROGRESS", drifts },
      { name: "CDKToolkit", status: "CREATE_COMPLETE", drifts },
      { name: "millrace-qa-openedx", status: "UPDATE_IN_PROGRESS", drifts },
    );
    const found = await stacks.list("millrace-qa-");
    expect(found.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "millrace-qa-openedx UPDATE_IN_PROGRESS",
      "millrace-qa-platform UPDATE_COMPLETE",
    ]);
    expect(standIn?.asked).toHaveLength(5);
  });

  it("is compared until the detection has ended, and every page of differences is read", async () => {
    const stacks = await open({
      name: "a",
      status: "CREATE_COMPLETE",
      drifts: [
        [driftXml("Kept", "IN_SYNC"), driftXml("Queue", "MODIFIED", difference)],
        [driftXml("Gone", "DELETED"), driftXml("Rule", "NOT_CHECKED")],
      ],
    });
    expect(await stacks.drift("a")).toEqual({
      checked: 3,
      drifted: [
        {
          logicalId: "Queue",
          physicalId: "queue",
          type: "AWS::SQS::Queue",
          status: "MODIFIED",
          properties: [{ path: "/DelaySeconds", expected: "0", actual: "9" }],
        },
        { logicalId: "Gone", physicalId: "gone", type: "AWS::SQS::Queue", status: "DELETED", properties: [] },
      ],
    });
    expect(standIn?.asked.filter((action) => action === "DescribeStackDriftDetectionStatus")).toHaveLength(3);
  });

  it("is not taken for whole when a resource could not be read", async () => {
    const failure = "Failed to detect drift on resource [Key]";
    const stacks = await open({
      name: "a",
      status: "CREATE_COMPLETE",
      drifts: [[driftXml("Queue", "IN_SYNC")]],
      failure,
    });
    expect(await stacks.drift("a")).toEqual({ checked: 1, drifted: [], incomplete: failure });
  });

  it("is Misconfigured when nobody is signed in", async () => {
    const stacks = await open();
    vi.stubEnv("AWS_ACCESS_KEY_ID", "");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "");
    vi.stubEnv("AWS_PROFILE", "none-of-that-name");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    await expect(stacks.list("x")).rejects.toMatchObject({ name: "Misconfigured", code: "aws_credentials" });
  });
});
