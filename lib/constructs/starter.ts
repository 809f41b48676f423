import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledge, acknowledgeWildcard } from "./acknowledge.ts";
import { logGroup } from "./log-group.ts";
import { trustedService } from "./trusted-service.ts";

/** Text of every domain's starter, Amazon States Language. */
export const STARTER_DEFINITION = readFileSync(join(import.meta.dirname, "starter.asl.json"), "utf8");
/** What the construct fills in. */
export const STARTER_SUBSTITUTIONS = ["Machine", "DeadLetters"] as const;

/** What a trigger sends to the starter: the run's name and input are made of it. */
export interface StartRequest {
  readonly domain: string;
  readonly job: string;
  readonly trigger: string;
}

/** Only events of the bus begin runs directly: an Express machine they start itself, a standard one by its starter. */
export const hasStarter = ({ machine, triggers }: Pick<Pipeline, "machine" | "triggers">): boolean =>
  machine !== "express" && triggers.some(({ kind }) => kind === "event");

export interface StarterProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly domain: string;
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
}

/**
 * The one place where triggers begin the runs of a domain: an Express machine, because a rule that targets a machine
 * cannot name the execution (docs/adr/012-named-executions.md).
 */
export class Starter extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: StarterProps) {
    super(scope, id);
    const { environment, names, domain, machine, deadLetters } = props;
    const name = names.starter(domain);
    const role = new Role(this, "Role", {
      assumedBy: trustedService(this, "states.amazonaws.com"),
      description: `Starts the runs of ${domain}.`,
    });
    const substitutions: Record<(typeof STARTER_SUBSTITUTIONS)[number], string> = {
      Machine: machine.stateMachineArn,
      DeadLetters: deadLetters.queueUrl,
    };
    this.machine = new StateMachine(this, "Machine", {
      stateMachineName: name,
      stateMachineType: StateMachineType.EXPRESS,
      definitionBody: DefinitionBody.fromString(STARTER_DEFINITION),
      definitionSubstitutions: substitutions,
      role,
      logs: {
        destination: logGroup(this, "Logs", environment, `/aws/vendedlogs/states/${name}`),
        level: LogLevel.ERROR,
        includeExecutionData: true,
      },
      tracingEnabled: true,
      // It holds nothing: an execution lives for seconds.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    role.addToPolicy(new PolicyStatement({ actions: ["states:StartExecution"], resources: [machine.stateMachineArn] }));
    role.addToPolicy(new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [deadLetters.queueArn] }));
    acknowledgeWildcard(role, "*", "Log delivery and tracing have no resource-level permissions.");
    acknowledge(
      this.machine,
      "A start that succeeds is on record as the run that it started; logging it again would cost more than the start.",
      "AwsSolutions-SF1",
    );
  }
}
