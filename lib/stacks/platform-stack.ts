import { withOriginSecrets } from "../constructs/grants-origin.ts";
import { CfnOutput, Duration, Fn, Stack, Tags } from "aws-cdk-lib";
import { AttributeType, Billing, CfnGlobalTable, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { CfnCluster } from "aws-cdk-lib/aws-ecs";
import { EventBus } from "aws-cdk-lib/aws-events";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { EVENT_SOURCE } from "../../core/model/events.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import { AlarmTopic } from "../constructs/alarm-topic.ts";
import { athenaWorkGroup } from "../constructs/athena.ts";
import { DECLARATIONS_OUTPUT, declarationsDigest } from "../constructs/declarations.ts";
import { Buckets } from "../constructs/buckets.ts";
import { encryptionKey } from "../constructs/encryption-key.ts";
import { Lake } from "../constructs/lake.ts";
import { Network } from "../constructs/network.ts";
import { dataRemoval, protectedDataRemoval } from "../constructs/removal.ts";
import { namesOf, pascal, type EnvironmentProps, type Names } from "../environment.ts";
import { PlatformOperations } from "../operations/platform-operations.ts";

export interface PlatformStackProps {
  readonly environment: EnvironmentProps;
  /** Their declared secrets are made here, and the dashboard shows them side by side. */
  readonly pipelines: readonly Pipeline[];
}

/** What all domains of one environment share. */
export class PlatformStack extends Stack {
  constructor(scope: Construct, { environment, pipelines }: PlatformStackProps) {
    const names = namesOf(environment);
    super(scope, "platform", {
      stackName: names.stack("platform"),
      description: `Millrace ${environment.name}: buckets, ledger, bus, alarms, secrets and network of all domains.`,
      terminationProtection: environment.retainData,
      analyticsReporting: false,
    });
    Tags.of(this).add("millrace:environment", environment.name);
    const key = encryptionKey(this, environment, names);
    new Buckets(this, "Buckets", environment, names, key);
    new Lake(this, "Lake", { environment, names, pipelines, key });
    athenaWorkGroup(this, environment, names, key);
    this.ledger(environment, names, key);
    this.bus(environment, names);
    const { topic } = new AlarmTopic(this, "Alarms", environment, names);
    new PlatformOperations(this, "Operations", { environment, names, pipelines, topic });
    this.secrets(environment, names, pipelines, key);
    new Network(this, "Network", environment, names, pipelines);
    new CfnOutput(this, DECLARATIONS_OUTPUT, {
      value: declarationsDigest(environment, pipelines),
      description: "What an operator's command line compares its checkout with.",
    });
    // The construct `Cluster` makes a network of its own when it is given none; tasks are placed by their machines.
    new CfnCluster(this, "Cluster", {
      clusterName: names.cluster,
      capacityProviders: ["FARGATE", "FARGATE_SPOT"],
      clusterSettings: [{ name: "containerInsights", value: "enabled" }],
    });
  }

  /** By AWS when it deploys: where the account is named, the CDK would ask it already when it synthesises. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private ledger(environment: EnvironmentProps, names: Names, key: IKey | undefined): void {
    const table = new TableV2(this, "Ledger", {
      // Named: a generated name makes a replacement of the table possible, and with it an empty ledger.
      tableName: names.ledgerTable,
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      timeToLiveAttribute: "expiresAt",
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: environment.retainData,
      removalPolicy: protectedDataRemoval(environment),
    });
    if (key === undefined) return;
    // The construct takes a key only where it knows the Region when it is synthesised.
    const resource = table.node.defaultChild;
    if (!(resource instanceof CfnGlobalTable))
      throw new Error("The construct of a table no longer has one as its child.");
    resource.addPropertyOverride("SSESpecification", { SSEEnabled: true, SSEType: "KMS" });
    resource.addPropertyOverride("Replicas.0.SSESpecification", { KMSMasterKeyId: key.keyArn });
  }

  private bus({ eventArchiveDays, without = {} }: EnvironmentProps, names: Names): void {
    const bus = new EventBus(this, "Bus", { eventBusName: names.bus, description: "Events between domains." });
    if (without.eventArchive === undefined)
      bus.archive("Archive", {
        archiveName: `${names.bus}-archive`,
        description: "Every event between domains, for a replay.",
        eventPattern: { source: [EVENT_SOURCE] },
        retention: Duration.days(eventArchiveDays),
      });
  }

  /**
   * Names without values: a value belongs to the system that issued it and is put in by an operator. An empty secret
   * makes a task fail as Misconfigured, where a generated one would sign with a key that nobody knows.
   */
  private secrets(
    environment: EnvironmentProps,
    names: Names,
    pipelines: readonly Pipeline[],
    key: IKey | undefined,
  ): void {
    const roles = new Set(
      pipelines.flatMap(({ tasks }) =>
        Object.values(tasks).flatMap((task) => withOriginSecrets(task, environment.origins).secrets ?? []),
      ),
    );
    for (const role of [...roles].sort()) {
      const secret = new CfnSecret(this, `Secret${pascal(role)}`, {
        name: `${names.secretPrefix}/${role}`,
        description: `Millrace secret role ${role}; its value is set by an operator.`,
        ...(key === undefined ? {} : { kmsKeyId: key.keyArn }),
      });
      secret.applyRemovalPolicy(dataRemoval(environment));
      acknowledge(secret, "The system that issued the value decides when it changes.", "AwsSolutions-SMG4");
    }
  }
}
