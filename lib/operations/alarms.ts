import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  TreatMissingData,
  type IMetric,
  type Metric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { EnvironmentProps } from "../environment.ts";
import { ALARM_KINDS, type AlarmKind, type AlarmName } from "./alarm-kinds.ts";
import { isSum, type Watch } from "./watches.ts";

export interface AlarmsProps {
  readonly environment: EnvironmentProps;
  /** Goes before every name. */
  readonly prefix: string;
  readonly topic: ITopic;
  readonly watches: readonly Watch[];
}

/** CloudWatch's limit for one alarm. */
const METRICS_PER_ALARM = 10;

/** The alarms of a domain or of the platform. A sum over more metrics than one alarm may hold becomes several alarms. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.all = props.watches.flatMap(([name, watch]) =>
      (isSum(watch) ? sums(watch, Duration.minutes(ALARM_KINDS[name].periodMinutes)) : [watch])
        .filter((metric) => !(metric instanceof MathExpression) || props.environment.without?.alarmMath === undefined)
        .map((metric, index) => this.alarm(name, index === 0 ? name : `${name}${index + 1}`, metric, props)),
    );
  }

  private alarm(name: AlarmName, id: string, metric: IMetric, { environment, prefix, topic }: AlarmsProps): Alarm {
    const { says, runbook, threshold, bad, tellsWhenOver, below }: AlarmKind = ALARM_KINDS[name];
    const alarm = new Alarm(this, id, {
      alarmName: `${prefix}-${id.replaceAll(/\B([A-Z0-9])/g, "-$1").toLowerCase()}`,
      alarmDescription: `${says} Runbook: ${environment.runbooks}/${runbook}`,
      metric,
      threshold,
      datapointsToAlarm: bad[0],
      evaluationPeriods: bad[1],
      comparisonOperator:
        below === true ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Most metrics are written when something happens: none means that nothing did.
      treatMissingData: below === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(topic);
    alarm.addAlarmAction(action);
    if (tellsWhenOver) alarm.addOkAction(action);
    return alarm;
  }
}

function sums(metrics: readonly Metric[], period: Duration): IMetric[] {
  const parts = Array.from({ length: Math.ceil(metrics.length / METRICS_PER_ALARM) }, (_, part) =>
    metrics.slice(part * METRICS_PER_ALARM, (part + 1) * METRICS_PER_ALARM).map((metric) => metric.with({ period })),
  );
  return parts.map((part) => {
    const [first, ...others] = part;
    if (first !== undefined && others.length === 0) return first;
    return new MathExpression({
      expression: "SUM(METRICS())",
      usingMetrics: Object.fromEntries(part.map((metric, index) => [`m${index}`, metric])),
      period,
    });
  });
}
