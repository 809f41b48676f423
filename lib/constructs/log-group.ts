import { RemovalPolicy } from "aws-cdk-lib";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { EnvironmentProps, LogRetentionDays } from "../environment.ts";

const RETENTION: Readonly<Record<LogRetentionDays, RetentionDays>> = {
  7: RetentionDays.ONE_WEEK,
  30: RetentionDays.ONE_MONTH,
  90: RetentionDays.THREE_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

/** Logs are copies for people: they end with their retention, and with the stack. */
export const logGroup = (scope: Construct, id: string, environment: EnvironmentProps, logGroupName: string): LogGroup =>
  new LogGroup(scope, id, {
    logGroupName,
    retention: RETENTION[environment.logRetentionDays],
    removalPolicy: RemovalPolicy.DESTROY,
  });
