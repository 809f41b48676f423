import { Aws } from "aws-cdk-lib";
import { GraphWidget, LegendPosition, type IMetric } from "aws-cdk-lib/aws-cloudwatch";

/** Three in a row of the 24 columns that a dashboard has. */
const WIDTH = 8;

/** Values of one kind over time, from zero. */
export const graph = (title: string, metrics: readonly IMetric[], unit?: string): GraphWidget =>
  new GraphWidget({
    title,
    width: WIDTH,
    height: 6,
    left: [...metrics],
    leftYAxis: { min: 0, ...(unit === undefined ? {} : { label: unit, showUnits: false }) },
    legendPosition: LegendPosition.BOTTOM,
  });

const consoleAt = (path: string): string => `https://${Aws.REGION}.console.aws.amazon.com/${path}`;

/** Addresses in the AWS console. */
export const links = {
  machine: (arn: string): string => consoleAt(`states/home?region=${Aws.REGION}#/statemachines/view/${arn}`),
  dashboard: (name: string): string => consoleAt(`cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${name}`),
  queries: (): string => consoleAt(`cloudwatch/home?region=${Aws.REGION}#logsV2:logs-insights`),
  traces: (): string => consoleAt(`cloudwatch/home?region=${Aws.REGION}#xray:traces/query`),
  queue: (name: string): string =>
    consoleAt(
      `sqs/v3/home?region=${Aws.REGION}#/queues/https%3A%2F%2Fsqs.${Aws.REGION}.amazonaws.com%2F${Aws.ACCOUNT_ID}%2F${name}`,
    ),
  costs: (): string => "https://console.aws.amazon.com/cost-management/home#/cost-explorer",
  anomalies: (): string => "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/overview",
} as const;

export const link = (text: string, address: string): string => `[${text}](${address})`;
