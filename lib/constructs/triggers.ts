import { Duration, TimeZone } from "aws-cdk-lib";
import { EventBus, EventField, Rule, RuleTargetInput, type EventPattern, type IEventBus } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { Role } from "aws-cdk-lib/aws-iam";
import { Schedule, ScheduleExpression, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { StepFunctionsStartExecution } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { EVENT_SOURCE } from "../../core/model/events.ts";
import type { EventTrigger, LandingTrigger, Pipeline, ScheduleTrigger } from "../../core/model/pipeline.ts";
import { kebab, pascal, type EnvironmentProps, type Names } from "../environment.ts";
import { trustedService } from "./trusted-service.ts";

export interface TriggersProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipeline: Pipeline;
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
}

/** EventBridge gives up on a target after this; the daily reconciliation finds what it gave up on. */
const DELIVERY = { retryAttempts: 185, maxEventAge: Duration.hours(24) };

/** What starts the machine of a domain: objects, events, the clock. */
export class Triggers extends Construct {
  private readonly props: TriggersProps;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    this.props = props;
    this.role = new Role(this, "Role", {
      assumedBy: trustedService(this, "events.amazonaws.com"),
      description: "Starts the machine when an object lands or an event matches.",
    });
    const bus = EventBus.fromEventBusName(this, "Bus", props.names.bus);
    for (const trigger of props.pipeline.triggers) {
      if (trigger.kind === "landing") this.landing(trigger);
      if (trigger.kind === "event") this.event(trigger, bus);
      if (trigger.kind === "schedule") this.schedule(trigger);
    }
  }

  /** The input carries what the event says of the object; the first task HEADs it and believes only that. */
  private landing({ id, description, job, prefix, suffixes = [] }: LandingTrigger): void {
    const pattern: EventPattern = {
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: {
        bucket: { name: [this.props.names.bucket("landing")] },
        object: {
          key: suffixes.length === 0 ? [{ prefix }] : suffixes.map((suffix) => ({ wildcard: `${prefix}*${suffix}` })),
        },
      },
    };
    this.rule(id, description, pattern, undefined, {
      job,
      trigger: id,
      bucket: EventField.fromPath("$.detail.bucket.name"),
      key: EventField.fromPath("$.detail.object.key"),
      versionId: EventField.fromPath("$.detail.object.version-id"),
      etag: EventField.fromPath("$.detail.object.etag"),
      sizeBytes: EventField.fromPath("$.detail.object.size"),
      eventId: EventField.eventId,
      eventTime: EventField.time,
    });
  }

  private event({ id, description, job, event, detail }: EventTrigger, bus: IEventBus): void {
    const pattern = { source: [EVENT_SOURCE], detailType: [event], ...(detail === undefined ? {} : { detail }) };
    this.rule(id, description, pattern, bus, {
      job,
      trigger: id,
      event: EventField.fromPath("$.detail"),
      eventId: EventField.eventId,
      eventTime: EventField.time,
    });
  }

  private rule(
    id: string,
    description: string,
    eventPattern: EventPattern,
    eventBus: IEventBus | undefined,
    input: object,
  ) {
    const { names, pipeline, machine, deadLetters } = this.props;
    new Rule(this, pascal(id), {
      ruleName: this.nameOf(names, pipeline, id),
      description,
      eventPattern,
      ...(eventBus === undefined ? {} : { eventBus }),
      targets: [
        new SfnStateMachine(machine, {
          input: RuleTargetInput.fromObject(input),
          role: this.role,
          deadLetterQueue: deadLetters,
          ...DELIVERY,
        }),
      ],
    });
  }

  private schedule({ id, description, job, expression, timeZone, environments, misfire }: ScheduleTrigger): void {
    const { environment, names, pipeline, machine, deadLetters } = this.props;
    if (!environments.includes(environment.name)) return;
    new Schedule(this, pascal(id), {
      scheduleName: this.nameOf(names, pipeline, id),
      description,
      enabled: environment.schedules,
      schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
      target: new StepFunctionsStartExecution(machine, {
        input: ScheduleTargetInput.fromObject({ job, trigger: id }),
        deadLetterQueue: deadLetters,
        // `run-once` still starts after a day without the service; `skip` forgets a start that is a minute late.
        maxEventAge: misfire === "run-once" ? Duration.hours(24) : Duration.minutes(1),
        retryAttempts: misfire === "run-once" ? 185 : 0,
      }),
    });
  }

  private nameOf(names: Names, { domain }: Pipeline, id: string): string {
    return `${names.prefix}-${kebab(domain)}-${kebab(id)}`;
  }
}
