import { CfnAnomalyMonitor, CfnAnomalySubscription } from "aws-cdk-lib/aws-ce";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";

export interface CostAnomaliesProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly topicArn: string;
  /** Anomalies that cost less in all are left out, US dollars. */
  readonly aboveUsd: number;
}

/**
 * AWS compares what is spent under this environment's tag with what it learnt, a few times a day and up to a day late.
 * It sees the tag only once somebody has activated it for cost allocation in the payer's account
 * (docs/runbooks/cost.md): a monitor without that is silent, not wrong.
 */
export class CostAnomalies extends Construct {
  constructor(scope: Construct, id: string, { environment, names, topicArn, aboveUsd }: CostAnomaliesProps) {
    super(scope, id);
    const monitor = new CfnAnomalyMonitor(this, "Monitor", {
      monitorName: `${names.prefix}-costs`,
      monitorType: "CUSTOM",
      monitorSpecification: JSON.stringify({
        Tags: { Key: "millrace:environment", Values: [environment.name], MatchOptions: ["EQUALS"] },
      }),
    });
    new CfnAnomalySubscription(this, "Subscription", {
      subscriptionName: `${names.prefix}-costs`,
      // A topic is told at once and in no other rhythm.
      frequency: "IMMEDIATE",
      monitorArnList: [monitor.attrMonitorArn],
      subscribers: [{ type: "SNS", address: topicArn }],
      thresholdExpression: JSON.stringify({
        Dimensions: {
          Key: "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
          MatchOptions: ["GREATER_THAN_OR_EQUAL"],
          Values: [String(aboveUsd)],
        },
      }),
    });
  }
}
