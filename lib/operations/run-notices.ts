import { Duration } from "aws-cdk-lib";
import { EventField, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { SnsTopic } from "aws-cdk-lib/aws-events-targets";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { ALARM_KINDS } from "./alarm-kinds.ts";

export const noticeRule = (names: Names, domain: string): string => `${names.machine(domain)}-unsuccessful`;

export interface RunNoticesProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly domain: string;
  readonly machineArn: string;
  readonly topic: ITopic;
  readonly deadLetters: Queue;
}

/**
 * One message for every run that did not succeed, with its name, which an alarm does not know. A machine cannot send
 * it: a run that is ended by a limit is caught by no state.
 */
export class RunNotices extends Construct {
  constructor(scope: Construct, id: string, props: RunNoticesProps) {
    super(scope, id);
    const { environment, names, domain, machineArn, topic, deadLetters } = props;
    new Rule(this, "Unsuccessful", {
      ruleName: noticeRule(names, domain),
      description: "A run failed, timed out or was stopped.",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: [machineArn], status: ["FAILED", "TIMED_OUT", "ABORTED"] },
      },
      targets: [
        new SnsTopic(topic, {
          message: RuleTargetInput.fromText(
            `Run ${EventField.fromPath("$.detail.name")} of ${names.machine(domain)}: ${EventField.fromPath("$.detail.status")}. ` +
              `Execution: ${EventField.fromPath("$.detail.executionArn")} ` +
              `Runbook: ${environment.runbooks}/${ALARM_KINDS.FailedRuns.runbook}`,
          ),
          deadLetterQueue: deadLetters,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}
