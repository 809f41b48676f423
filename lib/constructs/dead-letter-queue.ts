import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

/** Where an asynchronous edge leaves what it could not deliver; a message here is an alarm. */
export function deadLetterQueue(scope: Construct, id: string, queueName: string): Queue {
  const queue = new Queue(scope, id, {
    queueName,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    // The longest that SQS keeps: an operator may be away for a week.
    retentionPeriod: Duration.days(14),
  });
  acknowledge(queue, "It is itself the dead-letter queue.", "AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy");
  return queue;
}
