import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { Alarms } from "./alarms.ts";
import { CostAnomalies } from "./cost-anomalies.ts";
import { PlatformDashboard } from "./platform-dashboard.ts";
import { platformWatches } from "./watches.ts";

export interface PlatformOperationsProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipelines: readonly Pipeline[];
  readonly topic: Topic;
}

/** How people see and hear what all domains share. */
export class PlatformOperations extends Construct {
  constructor(scope: Construct, id: string, { environment, names, pipelines, topic }: PlatformOperationsProps) {
    super(scope, id);
    const watches = platformWatches(environment, names);
    const alarms = new Alarms(this, "Alarms", { environment, prefix: `${names.prefix}-platform`, topic, watches });
    new PlatformDashboard(this, "Dashboard", { environment, names, pipelines, alarms: alarms.all });
    const { costAnomalyUsd: aboveUsd, without } = environment;
    if (aboveUsd !== undefined && without?.costAnomalies === undefined)
      new CostAnomalies(this, "Costs", { environment, names, topicArn: topic.topicArn, aboveUsd });
  }
}
