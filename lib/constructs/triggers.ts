import { ArnFormat, Duration, Stack, TimeZone } from "aws-cdk-lib";
import { EventBus, EventField, Rule, RuleTargetInput, type EventPattern, type IEventBus } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { Role } from "aws-cdk-lib/aws-iam";
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from "aws-cdk-lib/aws-scheduler";
import { StepFunctionsStartExecution } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { StateMachine, type IStateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { EVENT_SOURCE } from "../../core/model/events.ts";
import { landingOf, type Landing } from "../../core/model/landings/landing.ts";
import { COORDINATOR } from "../../core/model/platform-domains.ts";
import { declarationOf } from "../../core/model/schedules/declaration.ts";
import type {
  EventTrigger,
  LandingTrigger,
  Pipeline,
  RunEndedTrigger,
  ScheduleTrigger,
  WorkerStoppedTrigger,
} from "../../core/model/pipeline.ts";
import { pascal, type EnvironmentProps, type Names } from "../environment.ts";
import type { StartRequest } from "./starter.ts";
import { trustedService } from "./trusted-service.ts";

export interface TriggersProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipeline: Pipeline;
  /** Domains whose runs are on record, and so tell that they have ended. */
  readonly recorded: readonly string[];
  /** What events start. */
  readonly starter: StateMachine;
  readonly deadLetters: Queue;
}

/** What a landing tells the coordinator. */
interface LandedRequest {
  readonly job: "landed";
  readonly trigger: string;
  readonly landing: Landing;
}

/** EventBridge gives up on a target after this; the daily reconciliation finds what it gave up on. */
const DELIVERY = { retryAttempts: 185, maxEventAge: Duration.hours(24) };

/**
 * The request with the event as it is. EventBridge does not escape the parts that a template takes out of an event, and
 * a part that is missing leaves a template that is no JSON (eb-transform-target-input.html); the whole event is always sound.
 */
class WithEvent extends RuleTargetInput {
  private readonly request: StartRequest | LandedRequest;

  constructor(request: StartRequest | LandedRequest) {
    super();
    this.request = request;
  }

  bind() {
    return { inputTemplate: JSON.stringify(this.request).replace(/}$/, ',"event":<aws.events.event.json>}') };
  }
}

/** What starts the runs of a domain: objects, events, the clock. */
export class Triggers extends Construct {
  private readonly props: TriggersProps;
  private readonly role: Role;
  private group: ScheduleGroup | undefined;
  private coordinator: IStateMachine | undefined;

  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    this.props = props;
    this.role = new Role(this, "Role", {
      assumedBy: trustedService(this, "events.amazonaws.com"),
      description: "Tells the coordinator what has landed, and starts the starter when an event matches.",
    });
    const bus = EventBus.fromEventBusName(this, "Bus", props.names.bus);
    for (const trigger of props.pipeline.triggers) {
      if (trigger.kind === "landing") this.landing(trigger);
      if (trigger.kind === "event") this.event(trigger, bus);
      if (trigger.kind === "schedule") this.schedule(trigger);
      if (trigger.kind === "run-ended") this.runEnded(trigger);
      if (trigger.kind === "worker-stopped") this.workerStopped(trigger);
    }
  }

  /** Whether and when a run begins the coordinator decides, from the object itself. */
  private landing(trigger: LandingTrigger): void {
    const { id, description, prefix, suffixes = [] } = trigger;
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
    const { domain } = this.props.pipeline;
    this.rule(
      { id, description, pattern, machine: this.coordinatorMachine() },
      new WithEvent({ job: "landed", trigger: id, landing: landingOf(domain, trigger) }),
    );
  }

  private event({ id, description, job, event, detail }: EventTrigger, bus: IEventBus): void {
    const pattern = { source: [EVENT_SOURCE], detailType: [event], ...(detail === undefined ? {} : { detail }) };
    this.rule({ id, description, pattern, bus, machine: this.props.starter }, this.started(id, job));
  }

  /** Of the standard machines, named one by one: a start for an end of its own would never end. */
  private runEnded({ id, description, job }: RunEndedTrigger): void {
    const { names, recorded } = this.props;
    const machines = recorded.map((domain) => this.machineArn(names.machine(domain)));
    const pattern: EventPattern = {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: machines, status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] },
    };
    this.rule({ id, description, pattern, machine: this.props.starter }, this.started(id, job));
  }

  /**
   * Of all that the event says, its task's ARN: the overrides hold the task token, which would stay in the logs and the
   * dead letters of whoever gets them.
   */
  private workerStopped({ id, description, job }: WorkerStoppedTrigger): void {
    const { names, pipeline } = this.props;
    const clusterArn = Stack.of(this).formatArn({ service: "ecs", resource: "cluster", resourceName: names.cluster });
    const pattern: EventPattern = {
      source: ["aws.ecs"],
      detailType: ["ECS Task State Change"],
      detail: { clusterArn: [clusterArn], lastStatus: ["STOPPED"] },
    };
    const worker = EventField.fromPath("$.detail.taskArn");
    const input = RuleTargetInput.fromObject({ domain: pipeline.domain, job, trigger: id, worker });
    this.rule({ id, description, pattern, machine: this.props.starter }, input);
  }

  private machineArn(resourceName: string): string {
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    return Stack.of(this).formatArn({ service: "states", resource: "stateMachine", resourceName, arnFormat });
  }

  private started(trigger: string, job: string): WithEvent {
    return new WithEvent({ domain: this.props.pipeline.domain, ...{ job, trigger } });
  }

  private rule(
    of: {
      readonly id: string;
      readonly description: string;
      readonly pattern: EventPattern;
      readonly machine: IStateMachine;
      readonly bus?: IEventBus;
    },
    input: RuleTargetInput,
  ): void {
    const { names, pipeline, deadLetters } = this.props;
    const { id, description, pattern, machine, bus } = of;
    new Rule(this, pascal(id), {
      ruleName: names.trigger(pipeline.domain, id),
      description,
      eventPattern: pattern,
      ...(bus === undefined ? {} : { eventBus: bus }),
      targets: [
        new SfnStateMachine(machine, {
          input,
          role: this.role,
          deadLetterQueue: deadLetters,
          ...DELIVERY,
        }),
      ],
    });
  }

  /**
   * Every schedule is switched on in Scheduler: whether a tick starts anything the coordinator decides, from the
   * declaration that comes with it and from what operators have overridden. Its own clock has no ticks to decide, and cannot be overridden.
   */
  private schedule(trigger: ScheduleTrigger): void {
    const { environment, names, pipeline, starter, deadLetters } = this.props;
    const { id, description, job, expression, timeZone, environments } = trigger;
    if (!environments.includes(environment.name)) return;
    const { domain } = pipeline;
    const request =
      domain === COORDINATOR
        ? { job, trigger: id }
        : { job: "tick", trigger: id, schedule: declarationOf(domain, trigger, environment) };
    new Schedule(this, pascal(id), {
      scheduleGroup: this.groupOf(this.props),
      scheduleName: names.trigger(domain, id),
      description,
      schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
      target: new StepFunctionsStartExecution(domain === COORDINATOR ? starter : this.coordinatorMachine(), {
        input: ScheduleTargetInput.fromObject({ ...request, scheduledTime: ContextAttribute.scheduledTime }),
        deadLetterQueue: deadLetters,
        // A late tick is decided as what it is; the clock's next is as good as a late one.
        maxEventAge: domain === COORDINATOR ? Duration.minutes(1) : Duration.hours(24),
        retryAttempts: domain === COORDINATOR ? 0 : 185,
      }),
    });
  }

  private coordinatorMachine(): IStateMachine {
    const arn = this.machineArn(this.props.names.machine(COORDINATOR));
    this.coordinator ??= StateMachine.fromStateMachineArn(this, "Coordinator", arn);
    return this.coordinator;
  }

  /** Scheduler counts by group and by nothing smaller: without one of its own a domain cannot be watched alone. */
  private groupOf({ names, pipeline }: TriggersProps): ScheduleGroup {
    const group =
      this.group ?? new ScheduleGroup(this, "Group", { scheduleGroupName: names.scheduleGroup(pipeline.domain) });
    this.group = group;
    return group;
  }
}
