import { expect, it } from "vitest";
import { awsExecutions } from "../../core/io/aws/executions.ts";
import { askedFor, outcomeOf, throughFaultyAws, type FaultyAws } from "./faulty-aws-home.ts";

/** The emulator knows no RedriveExecution: what the service says to it is played here, as its API reference has it. */
let aws: FaultyAws;
throughFaultyAws(async (opened) => {
  aws = opened;
});

const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-";
const NAME = "course-runs-a-1";
const ARN = `arn:aws:states:us-east-1:000000000000:execution:millrace-dev-openedx:${NAME}`;
const stands = (status: string, redriveCount: number) => ({
  status: 200,
  body: JSON.stringify({
    ...{ executionArn: ARN, stateMachineArn: `${PREFIX}openedx`, name: NAME, status, redriveCount },
    startDate: 1_700_000_000.5,
  }),
});
const redrive = (count: number) => outcomeOf(awsExecutions(PREFIX).redrive({ domain: "openedx", name: NAME, count }));

it("redrives once for each count, under a token that the service knows again", async () => {
  aws.next("DescribeExecution", stands("TIMED_OUT", 0), stands("FAILED", 1), stands("FAILED", 1));
  aws.next("RedriveExecution", { status: 200, body: '{"redriveDate":1700000001}' }, { status: 200, body: "{}" });
  expect(await redrive(1)).toBe("done");
  expect(await redrive(1)).toBe("done");
  expect(await redrive(2)).toBe("done");
  const sent = askedFor(aws, "RedriveExecution").map(({ input }) => JSON.parse(input));
  expect(sent).toEqual(
    Array.from({ length: 2 }, () => ({ executionArn: ARN, clientToken: expect.stringMatching(/^[0-9a-f]{64}$/) })),
  );
  expect(sent[0].clientToken).not.toBe(sent[1].clientToken);
});

it("tells how often it was, and of one that somebody else was faster with nothing", async () => {
  aws.next("DescribeExecution", stands("RUNNING", 2), stands("FAILED", 0), stands("RUNNING", 1));
  expect(await awsExecutions(PREFIX).describe({ domain: "openedx", name: NAME })).toMatchObject({ redrives: 2 });
  aws.next("RedriveExecution", { status: 400, code: "ExecutionNotRedrivable" });
  expect(await redrive(1)).toBe("done");
});

it.each(["ExecutionNotRedrivable", "ExecutionDoesNotExist"])("refuses on %s, with what to do instead", async (code) => {
  aws.next("DescribeExecution", stands("SUCCEEDED", 0), stands("SUCCEEDED", 0));
  aws.next("RedriveExecution", { status: 400, code });
  expect(await redrive(1)).toMatchObject({ name: "Rejected", code: "not_redrivable" });
});
