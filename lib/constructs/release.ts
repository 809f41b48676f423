import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { CfnDeploymentGroup, LambdaApplication } from "aws-cdk-lib/aws-codedeploy";
import { Role, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { CfnAlias, type Function as LambdaFunction, type VersionOptions } from "aws-cdk-lib/aws-lambda";
import { Topic, type ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { trustedService } from "./trusted-service.ts";

/** The alias that machines call. */
const LIVE = "live";

/**
 * A version stays when a newer one replaces it: calls under way end on it, and a release is taken back to it. One that
 * was made by a release that failed goes again, or the same code could never be published a second time.
 */
export const KEPT_VERSIONS: VersionOptions = { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE };

/** How new code reaches the functions of one domain: a tenth of the calls for five minutes, then all, or none again. */
export class CanaryReleases extends Construct {
  private readonly runbooks: string;
  private readonly application: LambdaApplication;
  private readonly role: Role;
  private readonly topic: ITopic;

  constructor(scope: Construct, id: string, environment: EnvironmentProps, names: Names, domain: string) {
    super(scope, id);
    const stack = Stack.of(this);
    this.runbooks = environment.runbooks;
    this.application = new LambdaApplication(this, "Application", { applicationName: names.machine(domain) });
    this.topic = Topic.fromTopicArn(this, "Topic", stack.formatArn({ service: "sns", resource: names.alarmTopic }));
    this.role = new Role(this, "Role", {
      assumedBy: trustedService(this, "codedeploy.amazonaws.com"),
      description: `Shifts calls of ${domain} between versions of its functions.`,
    });
    // The policy of AWS for this purpose may move every alias of the account.
    const alarms = stack.formatArn({ service: "cloudwatch", resource: "alarm:*" });
    this.role.addToPolicy(new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms"], resources: [alarms] }));
    acknowledgeWildcard(this.role, alarms, "Alarms are looked up by name in a list, which is allowed as a whole.");
  }

  /** The ARN to call instead of the function's own. */
  release(lambda: LambdaFunction, functionName: string): string {
    const version = lambda.currentVersion;
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
        // Not the alias's own ARN: the alias waits for the group, and the group for this policy.
        resources: [lambda.functionArn, `${lambda.functionArn}:${LIVE}`],
      }),
    );
    const alarm = this.alarm(lambda, functionName, version.version);
    const group = new CfnDeploymentGroup(lambda, "Releases", {
      applicationName: this.application.applicationName,
      deploymentGroupName: functionName,
      serviceRoleArn: this.role.roleArn,
      deploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
      deploymentStyle: { deploymentType: "BLUE_GREEN", deploymentOption: "WITH_TRAFFIC_CONTROL" },
      alarmConfiguration: { enabled: true, alarms: [{ name: alarm.alarmName }] },
      autoRollbackConfiguration: {
        enabled: true,
        events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
      },
    });
    group.node.addDependency(this.role);
    const alias = new CfnAlias(lambda, "Live", {
      name: LIVE,
      description: "What the machine calls; a release moves it.",
      functionName: lambda.functionName,
      functionVersion: version.version,
    });
    alias.cfnOptions.updatePolicy = {
      codeDeployLambdaAliasUpdate: {
        applicationName: this.application.applicationName,
        deploymentGroupName: group.ref,
      },
    };
    // An update policy is no property: only a dependency makes the group, with its alarm, the newer one first.
    alias.addResourceDependency(group);
    return alias.ref;
  }

  /**
   * Errors of the version that is being released, and of no other: Lambda reports by version only while an alias
   * divides its calls. Throttles are not watched: the account's limit causes them, not the code.
   */
  private alarm(lambda: LambdaFunction, functionName: string, version: string): Alarm {
    const alarm = new Alarm(lambda, "Canary", {
      alarmName: `${functionName}-canary`,
      alarmDescription:
        "The version being released fails where the one before it is still called: the release is taken back. " +
        `Runbook: ${this.runbooks}/release-taken-back.md`,
      metric: new Metric({
        namespace: "AWS/Lambda",
        metricName: "Errors",
        dimensionsMap: {
          FunctionName: functionName,
          Resource: `${functionName}:${LIVE}`,
          ExecutedVersion: version,
        },
        statistic: Stats.SUM,
        period: Duration.minutes(1),
      }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }
}
