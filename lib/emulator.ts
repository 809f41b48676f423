import type { OptionalPart } from "./environment.ts";

/**
 * What environment `emulated` leaves out, and why: every line was seen with MiniStack 1.5.33 (pinned in
 * test/deploy/requirements.txt). An unsupported resource type makes it refuse the whole template. `relational` is off
 * there for the same reason: it knows neither AWS::RDS::DBProxy nor its target group.
 */
export const EMULATOR_LACKS: Readonly<Partial<Record<OptionalPart, string>>> = {
  eventArchive: "AWS::Events::Archive is no resource type it knows.",
  flowLogs: "AWS::EC2::FlowLog is no resource type it knows.",
  images: "It builds and runs no images: a task definition names an image that nobody pulls.",
  costAnomalies: "AWS::CE::AnomalyMonitor and AWS::CE::AnomalySubscription are no resource types it knows.",
  savedQueries: "AWS::Logs::QueryDefinition is no resource type it knows.",
  alarmMath: "It refuses an AWS::CloudWatch::Alarm with `Metrics`: alarms over one metric stay, those over a sum go.",
};
