import { Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { deadLetterQueue } from "./dead-letter-queue.ts";

/** The channel of last resort: it needs none of our code to reach a person. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { alarmEmail }: EnvironmentProps, names: Names) {
    super(scope, id);
    const topic = new Topic(this, "Topic", {
      topicName: names.alarmTopic,
      displayName: `Millrace ${names.prefix}`,
      enforceSSL: true,
    });
    this.topic = topic;
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: ["cloudwatch", "events", "costalerts"].map((name) => new ServicePrincipal(`${name}.amazonaws.com`)),
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
