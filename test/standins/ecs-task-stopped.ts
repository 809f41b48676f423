/**
 * What EventBridge gets when a Fargate task has stopped: the fields of AWS's own example (developer guide,
 * ecs_task_events.html) and, in `overrides`, what recorded events have there: the environment that RunTask was given.
 */
export const taskStopped = ({ cluster = "millrace-qa-tasks", token = "AQCEAAAAKgAAAAMAAAAAAAAAAeTOKEN" } = {}) => {
  const taskArn = `arn:aws:ecs:us-east-1:111122223333:task/${cluster}/e5c0d4d9dbd94c0a9b5b7e7d1e1c2f3a`;
  const clusterArn = `arn:aws:ecs:us-east-1:111122223333:cluster/${cluster}`;
  const detail = {
    attachments: [
      {
        id: "1789bcae-ddfb-4d10-8ebe-8ac87ddba5b8",
        type: "eni",
        status: "DELETED",
        details: [{ name: "privateIPv4Address", value: "172.31.8.228" }],
      },
    ],
    attributes: [{ name: "ecs.cpu-architecture", value: "arm64" }],
    availabilityZone: "us-east-1a",
    capacityProviderName: "FARGATE_SPOT",
    clusterArn,
    connectivity: "CONNECTED",
    connectivityAt: "2026-01-23T17:42:31.100Z",
    containers: [
      {
        containerArn: `arn:aws:ecs:us-east-1:111122223333:container/${cluster}/e5c0/b8e5`,
        exitCode: 1,
        lastStatus: "STOPPED",
        name: "BuildModels",
        image: "111122223333.dkr.ecr.us-east-1.amazonaws.com/assets:millrace-qa-lakehouse-build-models",
        runtimeId: "e5c0d4d9dbd94c0a9b5b7e7d1e1c2f3a-1550",
        taskArn,
        networkInterfaces: [{ attachmentId: "1789bcae-ddfb", privateIpv4Address: "172.31.8.228" }],
        cpu: "0",
      },
    ],
    cpu: "1024",
    createdAt: "2026-01-23T17:42:17.321Z",
    desiredStatus: "STOPPED",
    ephemeralStorage: { sizeInGiB: 20 },
    executionStoppedAt: "2026-01-23T17:45:01Z",
    group: "family:millrace-qa-lakehouse-build-models",
    lastStatus: "STOPPED",
    launchType: "FARGATE",
    memory: "4096",
    overrides: {
      containerOverrides: [
        {
          environment: [
            { name: "MILLRACE_TASK_TOKEN", value: token },
            { name: "MILLRACE_INPUT", value: JSON.stringify({ run: { attempt: 0 }, input: {} }) },
          ],
          name: "BuildModels",
        },
      ],
    },
    platformVersion: "1.4.0",
    startedAt: "2026-01-23T17:43:02.103Z",
    startedBy: "AWS Step Functions",
    stopCode: "EssentialContainerExited",
    stoppedAt: "2026-01-23T17:45:24.312Z",
    stoppedReason: "Essential container in task exited",
    stoppingAt: "2026-01-23T17:45:01.598Z",
    taskArn,
    taskDefinitionArn: "arn:aws:ecs:us-east-1:111122223333:task-definition/millrace-qa-lakehouse-build-models:3",
    updatedAt: "2026-01-23T17:45:24.312Z",
    version: 6,
  };
  return {
    version: "0",
    id: "3317b2af-7005-947d-b652-f55e762e571a",
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: "111122223333",
    time: "2026-01-23T17:45:24Z",
    region: "us-east-1",
    resources: [taskArn],
    detail,
  };
};
