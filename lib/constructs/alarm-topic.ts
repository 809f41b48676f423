import { Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { deadLetterQueue } from "./dead-letter-queue.ts";

/** The channel of last resort: it needs none of our code to reach a person. */
export class AlarmTopic extends Construct {
  constructor(scope: Construct, id: string, { alarmEmail }: EnvironmentProps, names: Names) {
    super(scope, id);
    const topic = new Topic(this, "Topic", {
      topicName: names.alarmTopic,
      displayName: `Millrace ${names.prefix}`,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com"), new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    );
    if (alarmEmail === undefined) return;
    topic.addSubscription(
      new EmailSubscription(alarmEmail, {
        deadLetterQueue: deadLetterQueue(this, "Undelivered", `${names.alarmTopic}-undelivered`),
      }),
    );
  }
}
