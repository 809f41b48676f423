import { ArnFormat, CfnOutput, Fn, Stack, Tags } from "aws-cdk-lib";
import { Peer, Port, SecurityGroup, Vpc } from "aws-cdk-lib/aws-ec2";
import { PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import {
  CfnDBInstance,
  CfnDBParameterGroup,
  CfnDBProxy,
  CfnDBProxyTargetGroup,
  CfnDBSubnetGroup,
} from "aws-cdk-lib/aws-rds";
import type { Construct } from "constructs";
import { acknowledge } from "../constructs/acknowledge.ts";
import { logGroup } from "../constructs/log-group.ts";
import { protectedDataRemoval } from "../constructs/removal.ts";
import { trustedService } from "../constructs/trusted-service.ts";
import { namesOf, type EnvironmentProps, type Names } from "../environment.ts";

const PORT = Port.tcp(5432);
const DATABASE = "millrace";
/**
 * Database users that tasks connect as. The master makes them once and grants them `rds_iam`, from a shell in the
 * proxy's security group (CloudShell can be opened inside a network): nothing else reaches the database.
 */
const USERS = ["millrace_read", "millrace_write"] as const;

/**
 * Postgres for relational data that applications read (docs/adr/009), off until a domain has some.
 *
 * An instance and not Aurora Serverless: a proxy's connections keep a cluster from pausing, and a proxy is billed for
 * at least 8 capacity units of a cluster and for 2 processors of an instance. Nobody has a password: tasks sign in to
 * the proxy, and the proxy to the database, by IAM. RDS keeps and rotates the master's, for the first users. None of it
 * was seen in an account, and the emulator knows no proxy.
 *
 * A later domain takes the exports: the proxy's address and id (for `rds-db:connect` on
 * `arn:…:rds-db:…:dbuser:<id>/<user>`). Its containers are in the task security group and need nothing else; functions
 * run outside the network and do not reach it.
 */
export class RelationalStack extends Stack {
  constructor(scope: Construct, environment: EnvironmentProps) {
    const names = namesOf(environment);
    super(scope, "relational", {
      stackName: names.stack("relational"),
      description: `Millrace ${environment.name}: Postgres behind RDS Proxy.`,
      terminationProtection: environment.retainData,
      analyticsReporting: false,
    });
    Tags.of(this).add("millrace:environment", environment.name);
    const groups = this.groups(names);
    const subnets = Fn.split(",", Fn.importValue(names.databaseSubnetsExport));
    const instance = this.instance(environment, names, subnets, groups.database);
    const proxy = this.proxy(environment, names, subnets, groups.proxy, instance);
    const id = Fn.select(6, Fn.split(":", proxy.attrDbProxyArn));
    new CfnOutput(this, "Address", { value: proxy.attrEndpoint, exportName: names.relationalAddressExport });
    new CfnOutput(this, "ProxyId", { value: id, exportName: names.relationalIdExport });
  }

  /** Tasks reach the proxy, the proxy reaches the database, and nothing else reaches anything. */
  private groups(names: Names) {
    const vpc = Vpc.fromVpcAttributes(this, "Vpc", {
      vpcId: Fn.importValue(names.vpcExport),
      // Required, and read only by whoever selects subnets of it; nobody does.
      availabilityZones: ["any"],
    });
    const group = (id: string, description: string) =>
      new SecurityGroup(this, id, {
        vpc,
        securityGroupName: `${names.prefix}-${id.toLowerCase()}`,
        description,
        allowAllOutbound: false,
      });
    const database = group("Database", "Postgres: the proxy calls in and nothing calls out.");
    const proxy = group("Proxy", "RDS Proxy: tasks call in, and it calls the database.");
    proxy.addIngressRule(Peer.securityGroupId(Fn.importValue(names.securityGroupExport)), PORT, "Tasks");
    // Inside of its group: a group without a rule of its own calls out to everybody.
    proxy.addEgressRule(Peer.securityGroupId(database.securityGroupId), PORT, "The database");
    // Beside its group: inside, each would name the other and neither could come first.
    database.addIngressRule(proxy, PORT, "The proxy");
    return { database, proxy };
  }

  private instance(
    environment: EnvironmentProps,
    names: Names,
    subnetIds: string[],
    group: SecurityGroup,
  ): CfnDBInstance {
    const { retainData } = environment;
    const key = environment.encryption === "own" ? { kmsKeyId: Fn.importValue(names.keyExport) } : undefined;
    const identifier = `${names.prefix}-relational`;
    const logs = ["postgresql", "upgrade"].map((log) =>
      logGroup(this, `Logs-${log}`, environment, `/aws/rds/instance/${identifier}/${log}`),
    );
    const instance = new CfnDBInstance(this, "Instance", {
      dbInstanceIdentifier: identifier,
      dbName: DATABASE,
      engine: "postgres",
      // Minor versions come by themselves; one named here could not be gone back to.
      engineVersion: "17",
      autoMinorVersionUpgrade: true,
      // IAM sign-in wants up to 1 GB of memory besides.
      dbInstanceClass: "db.t4g.small",
      allocatedStorage: "20",
      maxAllocatedStorage: 200,
      storageType: "gp3",
      storageEncrypted: true,
      ...key,
      multiAz: retainData,
      backupRetentionPeriod: retainData ? 14 : 1,
      deleteAutomatedBackups: !retainData,
      copyTagsToSnapshot: true,
      deletionProtection: retainData,
      publiclyAccessible: false,
      masterUsername: "millrace_master",
      manageMasterUserPassword: true,
      ...(key === undefined ? {} : { masterUserSecret: key }),
      enableIamDatabaseAuthentication: true,
      enableCloudwatchLogsExports: ["postgresql", "upgrade"],
      dbSubnetGroupName: new CfnDBSubnetGroup(this, "Subnets", {
        dbSubnetGroupName: identifier,
        dbSubnetGroupDescription: "Isolated subnets of the database and its proxy.",
        subnetIds,
      }).ref,
      dbParameterGroupName: new CfnDBParameterGroup(this, "Parameters", {
        dbParameterGroupName: identifier,
        description: "TLS only; statements that change tables are logged.",
        family: "postgres17",
        parameters: { "rds.force_ssl": "1", log_statement: "ddl" },
      }).ref,
      vpcSecurityGroups: [group.securityGroupId],
    });
    instance.applyRemovalPolicy(protectedDataRemoval(environment));
    for (const log of logs) instance.node.addDependency(log);
    // cfn-lint knows versions with a minor part only; RDS takes the major one and chooses.
    instance.addMetadata("cfn-lint", { config: { ignore_checks: ["W3691"] } });
    acknowledge(
      instance,
      "Only the proxy's security group reaches it, and the proxy has no other port.",
      "AwsSolutions-RDS11",
    );
    if (!retainData)
      acknowledge(instance, "This environment keeps no data.", "AwsSolutions-RDS3", "AwsSolutions-RDS10");
    return instance;
  }

  private proxy(
    environment: EnvironmentProps,
    names: Names,
    vpcSubnetIds: string[],
    group: SecurityGroup,
    instance: CfnDBInstance,
  ): CfnDBProxy {
    const role = new Role(this, "ProxyRole", {
      assumedBy: trustedService(this, "rds.amazonaws.com"),
      description: "Signs the proxy in to the database as the users of tasks.",
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ["rds-db:connect"],
        resources: USERS.map((user) =>
          this.formatArn({
            service: "rds-db",
            resource: "dbuser",
            resourceName: `${instance.attrDbiResourceId}/${user}`,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ),
      }),
    );
    const dbProxyName = `${names.prefix}-relational`;
    const proxy = new CfnDBProxy(this, "RdsProxy", {
      dbProxyName,
      engineFamily: "POSTGRESQL",
      defaultAuthScheme: "IAM_AUTH",
      requireTls: true,
      idleClientTimeout: 1800,
      roleArn: role.roleArn,
      vpcSubnetIds,
      vpcSecurityGroupIds: [group.securityGroupId],
    });
    // RDS makes it by itself otherwise, and keeps what is in it for good.
    proxy.node.addDependency(logGroup(this, "Logs-proxy", environment, `/aws/rds/proxy/${dbProxyName}`));
    new CfnDBProxyTargetGroup(this, "Target", {
      dbProxyName: proxy.ref,
      targetGroupName: "default",
      dbInstanceIdentifiers: [instance.ref],
      // The rest is left to people and migrations.
      connectionPoolConfigurationInfo: { maxConnectionsPercent: 80, maxIdleConnectionsPercent: 20 },
    });
    return proxy;
  }
}
