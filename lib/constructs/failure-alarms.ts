import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { EventField, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { SnsTopic } from "aws-cdk-lib/aws-events-targets";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";

export interface FailureAlarmsProps {
  readonly prefix: string;
  readonly topicArn: string;
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
}

/** What a machine cannot say of itself: a run ended by a limit is caught by no state. */
export class FailureAlarms extends Construct {
  constructor(scope: Construct, id: string, { prefix, topicArn, machine, deadLetters }: FailureAlarmsProps) {
    super(scope, id);
    const topic = Topic.fromTopicArn(this, "Topic", topicArn);
    new Rule(this, "Unsuccessful", {
      ruleName: `${prefix}-unsuccessful`,
      description: "A run failed, timed out or was stopped.",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: [machine.stateMachineArn], status: ["FAILED", "TIMED_OUT", "ABORTED"] },
      },
      targets: [
        new SnsTopic(topic, {
          message: RuleTargetInput.fromText(
            `Run ${EventField.fromPath("$.detail.name")} of ${prefix}: ${EventField.fromPath("$.detail.status")}. ` +
              `Execution: ${EventField.fromPath("$.detail.executionArn")}`,
          ),
          deadLetterQueue: deadLetters,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
    const alarm = (name: string, alarmDescription: string, metric: IMetric): void =>
      new Alarm(this, name, {
        alarmName: `${prefix}-${name.replaceAll(/\B([A-Z])/g, "-$1").toLowerCase()}`,
        alarmDescription,
        metric,
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }).addAlarmAction(new SnsAction(topic));
    const period = Duration.minutes(5);
    alarm("FailedRuns", "Runs failed in the last five minutes.", machine.metricFailed({ period }));
    alarm("TimedOutRuns", "Runs passed their time limit in the last five minutes.", machine.metricTimedOut({ period }));
    alarm(
      "DeadLetters",
      "Something that should have started a run or raised an alarm was not delivered.",
      deadLetters.metricApproximateNumberOfMessagesVisible({ period }),
    );
  }
}
