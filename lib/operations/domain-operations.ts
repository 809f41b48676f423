import { Stack } from "aws-cdk-lib";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { Alarms } from "./alarms.ts";
import { DomainDashboard } from "./domain-dashboard.ts";
import { RunNotices } from "./run-notices.ts";
import { savedQueries } from "./saved-queries.ts";
import { domainWatches } from "./watches.ts";

export interface DomainOperationsProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipeline: Pipeline;
  readonly machineArn: string;
  readonly starterArn?: string;
  readonly deadLetters: Queue;
}

/** How people see and hear a domain: alarms, a notice for every unsuccessful run, a dashboard, saved queries. */
export class DomainOperations extends Construct {
  constructor(scope: Construct, id: string, props: DomainOperationsProps) {
    super(scope, id);
    const { environment, names, pipeline, machineArn, starterArn, deadLetters } = props;
    const started = starterArn === undefined ? {} : { starterArn };
    const { domain } = pipeline;
    const topicArn = Stack.of(this).formatArn({ service: "sns", resource: names.alarmTopic });
    const topic = Topic.fromTopicArn(this, "Topic", topicArn);
    // Express machines send no events of their runs; their failures sound an alarm.
    if (pipeline.machine !== "express")
      new RunNotices(this, "Notices", { environment, names, domain, machineArn, topic, deadLetters });
    const watches = domainWatches({ environment, names, pipeline, machineArn, ...started });
    const alarms = new Alarms(this, "Alarms", { environment, prefix: names.machine(domain), topic, watches });
    new DomainDashboard(this, "Dashboard", {
      environment,
      names,
      pipeline,
      machineArn,
      ...started,
      alarms: alarms.all,
    });
    if (environment.without?.savedQueries === undefined) savedQueries(this, names, domain);
  }
}
