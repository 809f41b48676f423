import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { namesOf, type EnvironmentProps } from "../environment.ts";
import { RelationalStack } from "./relational-stack.ts";

const kept: EnvironmentProps = {
  name: "production",
  organisation: "ol",
  retainData: true,
  logRetentionDays: 365,
  eventArchiveDays: 365,
  schedules: true,
  failedOnceMinutes: 10,
  machineSettings: { GatherSeconds: "60", RowHash: "safe" },
  origins: {},
  runbooks: "https://git.example.org",
  lake: "s3tables",
  dbt: "athena",
  network: "endpoints",
  encryption: "own",
  relational: true,
  releases: "canary",
};
const passing: EnvironmentProps = { ...kept, name: "ci", retainData: false, network: "public", encryption: "aws" };

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

function synthesised(environment: EnvironmentProps) {
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  const template = Template.fromStack(new RelationalStack(app, environment));
  const resources = Object.entries(template.toJSON()["Resources"] as Readonly<Record<string, Resource>>);
  const all = (type: string) => resources.filter(([, { Type }]) => Type === type);
  const one = (type: string): Resource => {
    const found = all(type);
    expect(found, type).toHaveLength(1);
    return found[0]?.[1] as Resource;
  };
  /** The id and rules of the group that `type` is in. */
  const groupsOf = (type: string, property: string) =>
    (one(type).Properties[property] as { "Fn::GetAtt": [string, string] }[]).map(({ "Fn::GetAtt": [id] }) => id);
  return { template, all, one, groupsOf };
}

describe.each([
  ["retained", kept],
  ["thrown away", passing],
] as const)("a database whose data is %s", (_, environment) => {
  const { template, all, one, groupsOf } = synthesised(environment);
  const names = namesOf(environment);
  const [instance, proxy] = [one("AWS::RDS::DBInstance"), one("AWS::RDS::DBProxy")];

  it("is reached by its proxy only, and the proxy by tasks only", () => {
    expect(instance.Properties["PubliclyAccessible"]).toBe(false);
    const [database, ...others] = groupsOf("AWS::RDS::DBInstance", "VPCSecurityGroups");
    const [own, ...more] = groupsOf("AWS::RDS::DBProxy", "VpcSecurityGroupIds");
    expect([...others, ...more]).toEqual([]);
    const groups = new Map(all("AWS::EC2::SecurityGroup").map(([id, { Properties }]) => [id, Properties]));
    expect(groups.size).toBe(2);
    expect(groups.get(database ?? "")).not.toHaveProperty("SecurityGroupIngress");
    expect(all("AWS::EC2::SecurityGroupIngress").map(([, { Properties }]) => Properties)).toMatchObject([
      {
        GroupId: { "Fn::GetAtt": [database, "GroupId"] },
        SourceSecurityGroupId: { "Fn::GetAtt": [own, "GroupId"] },
        FromPort: 5432,
        ToPort: 5432,
      },
    ]);
    expect(groups.get(own ?? "")).toMatchObject({
      SecurityGroupIngress: [
        {
          SourceSecurityGroupId: { "Fn::ImportValue": names.securityGroupExport },
          FromPort: 5432,
          ToPort: 5432,
        },
      ],
      SecurityGroupEgress: [{ DestinationSecurityGroupId: { "Fn::GetAtt": [database, "GroupId"] } }],
    });
    const subnets = { "Fn::Split": [",", { "Fn::ImportValue": names.databaseSubnetsExport }] };
    expect(proxy.Properties["VpcSubnetIds"]).toEqual(subnets);
    expect(one("AWS::RDS::DBSubnetGroup").Properties["SubnetIds"]).toEqual(subnets);
  });

  it("is spoken to by TLS only, on either side of the proxy", () => {
    expect(proxy.Properties["RequireTLS"]).toBe(true);
    const [[id, parameters] = ["", undefined]] = all("AWS::RDS::DBParameterGroup");
    expect(instance.Properties["DBParameterGroupName"]).toEqual({ Ref: id });
    expect(parameters?.Properties["Parameters"]).toMatchObject({ "rds.force_ssl": "1" });
  });

  it("is signed in to by IAM, without a password that a template or a task knows", () => {
    expect(instance.Properties).toMatchObject({
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
    });
    expect(instance.Properties).not.toHaveProperty("MasterUserPassword");
    expect(proxy.Properties).toMatchObject({ DefaultAuthScheme: "IAM_AUTH", EngineFamily: "POSTGRESQL" });
    expect(proxy.Properties).not.toHaveProperty("Auth");
    const [instanceId = ""] = all("AWS::RDS::DBInstance").map(([id]) => id);
    const { Statement } = one("AWS::IAM::Policy").Properties["PolicyDocument"] as {
      Statement: { Action: unknown; Resource: unknown[] }[];
    };
    expect(Statement.map(({ Action }) => Action)).toEqual(["rds-db:connect"]);
    const users = Statement.flatMap(({ Resource }) => Resource).map((arn) => JSON.stringify(arn));
    expect(users).toHaveLength(2);
    for (const arn of users)
      expect(arn).toMatch(new RegExp(`\\["${instanceId}","DbiResourceId"\\]},"/millrace_(read|write)"\\]`));
  });

  it("is encrypted, and kept as the environment keeps its data", () => {
    const { retainData } = environment;
    const key = { "Fn::ImportValue": names.keyExport };
    expect(instance.Properties).toMatchObject({
      StorageEncrypted: true,
      DeletionProtection: retainData,
      MultiAZ: retainData,
      BackupRetentionPeriod: retainData ? 14 : 1,
      ...(retainData ? { KmsKeyId: key, MasterUserSecret: { KmsKeyId: key } } : {}),
    });
    if (!retainData) expect(JSON.stringify(template.toJSON())).not.toContain(names.keyExport);
    // A roll-back could not delete what is protected.
    expect(instance.DeletionPolicy).toBe(retainData ? "Retain" : "Delete");
  });

  it("tells later domains where it is, and all that it writes ends", () => {
    const exported = Object.values(template.toJSON()["Outputs"] as Record<string, { Export: { Name: string } }>);
    expect(exported.map(({ Export }) => Export.Name).toSorted()).toEqual([
      names.relationalAddressExport,
      names.relationalIdExport,
    ]);
    const logs = all("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties);
    expect(logs.map(({ LogGroupName }) => LogGroupName)).toEqual([
      `/aws/rds/instance/${names.prefix}-relational/postgresql`,
      `/aws/rds/instance/${names.prefix}-relational/upgrade`,
      `/aws/rds/proxy/${names.prefix}-relational`,
    ]);
    for (const { RetentionInDays } of logs) expect(RetentionInDays).toBe(environment.logRetentionDays);
  });
});
