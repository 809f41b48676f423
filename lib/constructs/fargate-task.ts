import { Duration, RemovalPolicy, Size, Stack } from "aws-cdk-lib";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";
import {
  AwsLogDriverMode,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from "aws-cdk-lib/aws-ecs";
import { Construct } from "constructs";
import { ENV } from "../../core/io/settings.ts";
import type { FargateCompute } from "../../core/model/pipeline.ts";
import { acknowledge, acknowledgeWildcard } from "./acknowledge.ts";
import type { TaskProps } from "./lambda-task.ts";
import { logGroup } from "./log-group.ts";
import { taskEnvironment } from "./task-environment.ts";
import { taskRole } from "./task-role.ts";

/** Fargate has 20 GB without asking, and takes a size only above that. */
const DEFAULT_DISK_GB = 20;
/** Between SIGTERM and SIGKILL; the most that Fargate gives, and what it announces before it takes spot capacity back. */
const STOP_SECONDS = 120;

/** A long or big step: one container that answers through its task token. */
export class FargateTask extends Construct {
  readonly definition: FargateTaskDefinition;

  constructor(scope: Construct, id: string, props: TaskProps<FargateCompute>) {
    super(scope, id);
    const { environment, names, domain, task, runs, compute, bundle } = props;
    const stack = Stack.of(this);
    const family = names.task(domain, id);
    this.definition = new FargateTaskDefinition(this, "Definition", {
      family,
      cpu: compute.cpuUnits,
      memoryLimitMiB: compute.memoryMb,
      ...(compute.diskGb > DEFAULT_DISK_GB ? { ephemeralStorageGiB: compute.diskGb } : {}),
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      taskRole: taskRole(this, environment, names, domain, task),
    });
    // A run that is under way when the stack is updated still needs the revision it was started with.
    this.definition.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const container = this.definition.addContainer(id, {
      containerName: id,
      image:
        environment.without?.images === undefined
          ? ContainerImage.fromAsset(bundle.directory, { platform: Platform.LINUX_ARM64, assetName: family })
          : // The tag tells a stand-in which build context it would have been made of.
            ContainerImage.fromRegistry(`millrace/${compute.container}:${bundle.hash}`),
      command: ["node", "index.js"],
      environment: {
        ...taskEnvironment(stack, environment, names, task, runs),
        MILLRACE_TASK_NAME: id,
        MILLRACE_HEARTBEAT_SECONDS: String(compute.heartbeatSeconds),
        MILLRACE_STOP_SECONDS: String(STOP_SECONDS),
        [ENV.memoryMb]: String(compute.memoryMb),
      },
      stopTimeout: Duration.seconds(STOP_SECONDS),
      // Process 1 is then an init that passes signals on and reaps what dbt leaves behind; node does not reap.
      linuxParameters: new LinuxParameters(this, "Linux", { initProcessEnabled: true }),
      readonlyRootFilesystem: true,
      user: "65532",
      logging: LogDrivers.awsLogs({
        streamPrefix: id,
        // Logs are copies for people, the ledger and the answer are the record: CloudWatch must not stop the work.
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(25),
        logGroup: logGroup(this, "Logs", environment, `/millrace/${environment.name}/${domain}/${id}`),
      }),
    });
    // The root file system is read-only; the image points TMPDIR and HOME here.
    this.definition.addVolume({ name: "scratch" });
    container.addMountPoints({ sourceVolume: "scratch", containerPath: "/scratch", readOnly: false });
    acknowledge(
      this.definition,
      "The variables are names of resources; secrets are read when the task runs.",
      "AwsSolutions-ECS2",
    );
    acknowledgeWildcard(this.definition, "*", "Getting a registry token has no resource-level permission.");
  }
}
