/**
 * Metrics that AWS publishes, by namespace and dimensions, as far as we look at them. From its documentation:
 * procedure-cw-metrics.html (Step Functions), monitoring-metrics-types.html (Lambda), eb-monitoring.html (EventBridge),
 * scheduler monitoring-cloudwatch.html, metrics-dimensions.html (DynamoDB), sqs-available-cloudwatch-metrics.html,
 * sns-monitoring-using-cloudwatch.html, metrics-dimensions.html (S3), Container-Insights-metrics-ECS.html,
 * CloudWatch-Service-Quota-Integration.html.
 */
const EVENTS = ["Invocations", "FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"];

export const publishedMetrics: Readonly<Record<string, readonly string[]>> = {
  "AWS/States StateMachineArn": [
    "ExecutionsStarted",
    "ExecutionsSucceeded",
    "ExecutionsFailed",
    "ExecutionsTimedOut",
    "ExecutionsAborted",
    "ExecutionThrottled",
    "ExecutionTime",
  ],
  "AWS/Lambda FunctionName": ["Errors", "Throttles", "Duration", "ConcurrentExecutions"],
  "AWS/Lambda ExecutedVersion,FunctionName,Resource": ["Errors"],
  "AWS/Lambda ": ["ConcurrentExecutions", "ClaimedAccountConcurrency", "Throttles"],
  "AWS/Events RuleName": EVENTS,
  "AWS/Events EventBusName,RuleName": EVENTS,
  "AWS/Scheduler ScheduleGroup": ["InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"],
  "AWS/SQS QueueName": ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"],
  "AWS/DynamoDB TableName": [
    "ConsumedReadCapacityUnits",
    "ConsumedWriteCapacityUnits",
    "ReadThrottleEvents",
    "WriteThrottleEvents",
  ],
  "AWS/DynamoDB Operation,TableName": ["SystemErrors", "SuccessfulRequestLatency"],
  "AWS/SNS TopicName": ["NumberOfMessagesPublished", "NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"],
  "AWS/S3 BucketName,StorageType": ["BucketSizeBytes"],
  "ECS/ContainerInsights ClusterName": ["TaskCount"],
  "ECS/ContainerInsights ClusterName,TaskDefinitionFamily": [
    "CpuUtilized",
    "MemoryUtilized",
    "EphemeralStorageUtilized",
  ],
  "AWS/Usage Class,Resource,Service,Type": ["ResourceCount"],
  // Our own; core/task.test.ts holds the tasks to it.
  "Millrace domain,environment,service": ["TaskMilliseconds", "TaskFailed"],
  "Millrace domain,environment": ["UnclassifiedErrors"],
  // Of the sweep, lambdas/coordinator/sweep.ts.
  "Millrace environment,lane": ["QueueAge", "ClosedLanes"],
  "Millrace environment": ["Looks", "SweepLag", "UnsentAlertAge"],
};
