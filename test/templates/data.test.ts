import { describe, expect, it } from "vitest";
import * as z from "zod";
import { loadResourceTypes } from "../../bin/release/resource-types.ts";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { useAssembly, type Resource } from "./synthesised.ts";

const { of } = useAssembly();
const bucketsOf = (name: EnvironmentName): ReadonlyMap<string, Resource> =>
  new Map(
    of(name, "AWS::S3::Bucket").map((bucket) => [
      String(bucket.properties["BucketName"]).replace(`millrace-${name}-ol-`, ""),
      bucket,
    ]),
  );
const isRetained = (name: EnvironmentName): boolean => name === "qa" || name === "production";

const Policy = z.object({ Statement: z.array(z.looseObject({ Effect: z.string(), Sid: z.string().optional() })) });
const policyOf = (name: EnvironmentName, bucket: Resource) =>
  of(name, "AWS::S3::BucketPolicy")
    .filter(({ properties }) => z.object({ Ref: z.string() }).parse(properties["Bucket"]).Ref === bucket.id)
    .flatMap(({ properties }) => Policy.parse(properties["PolicyDocument"]).Statement);

const Rule = z.looseObject({
  Id: z.string(),
  Status: z.literal("Enabled"),
  Prefix: z.string().optional(),
  ExpirationInDays: z.number().optional(),
  NoncurrentVersionExpiration: z.unknown().optional(),
  AbortIncompleteMultipartUpload: z.object({ DaysAfterInitiation: z.number() }).optional(),
});
const lifecycleOf = ({ properties }: Resource) =>
  z.object({ Rules: z.array(Rule) }).parse(properties["LifecycleConfiguration"]).Rules;

/** Where each type that holds data says how it is encrypted, and what it says without a key of the environment. */
const ENCRYPTION: Readonly<Record<string, { readonly at: readonly string[]; readonly byAws: object | undefined }>> = {
  "AWS::S3::Bucket": {
    at: ["BucketEncryption"],
    byAws: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] },
  },
  "AWS::S3Tables::TableBucket": { at: ["EncryptionConfiguration"], byAws: undefined },
  "AWS::DynamoDB::GlobalTable": { at: ["Replicas", "0", "SSESpecification"], byAws: undefined },
  "AWS::SecretsManager::Secret": { at: ["KmsKeyId"], byAws: undefined },
  "AWS::RDS::DBInstance": { at: ["KmsKeyId"], byAws: undefined },
  "AWS::Athena::WorkGroup": {
    at: ["WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration"],
    byAws: { EncryptionOption: "SSE_S3" },
  },
};
/** Stateful without data of their own: they name things (lib/constructs/encryption-key.ts), or hold none. */
const NAMES_ONLY = new Set([
  "AWS::CodeDeploy::Application",
  "AWS::EC2::VPC",
  "AWS::Events::Archive",
  "AWS::Glue::Database",
  "AWS::KMS::Key",
  "AWS::S3Tables::Namespace",
  "AWS::SNS::Topic",
  "AWS::SQS::Queue",
  "AWS::StepFunctions::StateMachine",
]);
const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );

describe.each(ENVIRONMENTS)("the data of %s", (name) => {
  it("is reached by TLS 1.2 only, for everything in a bucket and for the bucket", () => {
    expect([...bucketsOf(name).keys()].toSorted()).toEqual([
      "access-logs",
      "artifacts",
      "drops",
      "lake",
      "landing",
      "quarantine",
    ]);
    for (const [role, bucket] of bucketsOf(name)) {
      const arn = { "Fn::GetAtt": [bucket.id, "Arn"] };
      const everything = {
        Effect: "Deny",
        Action: "s3:*",
        Principal: { AWS: "*" },
        Resource: [arn, { "Fn::Join": ["", [arn, "/*"]] }],
      };
      for (const Condition of [
        { Bool: { "aws:SecureTransport": "false" } },
        { NumericLessThan: { "s3:TlsVersion": 1.2 } },
      ])
        expect(policyOf(name, bucket), role).toContainEqual({ ...everything, Condition });
    }
  });

  it("is shared with nobody: no policy of a resource lets everybody in, and no list of grants counts", () => {
    const open = of(name)
      .filter(({ type }) => type.endsWith("Policy") && !type.startsWith("AWS::IAM::"))
      .flatMap(({ id, properties }) =>
        Policy.parse(properties["PolicyDocument"])
          .Statement.filter(({ Effect, Condition }) => Effect === "Allow" && Condition === undefined)
          .map((statement) => [id, statement["Principal"]]),
      )
      .filter(([, principal]) => JSON.stringify(principal).includes('"*"'));
    expect(open).toEqual([]);
    for (const [role, { properties }] of bucketsOf(name))
      expect(properties["OwnershipControls"], role).toEqual({ Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
    for (const role of ["lake", "quarantine", "artifacts", "drops"]) {
      const bucket = bucketsOf(name).get(role);
      if (bucket === undefined) throw new Error(`${name} has no bucket for ${role}.`);
      expect(policyOf(name, bucket), role).toContainEqual(
        expect.objectContaining({ Sid: "OtherAccounts", Effect: "Deny", Action: "s3:*" }),
      );
    }
  });

  it("costs nothing for what was left behind, and is never expired where it was landed", () => {
    for (const [role, bucket] of bucketsOf(name)) {
      const rules = lifecycleOf(bucket);
      const abandoned = rules.flatMap(({ AbortIncompleteMultipartUpload: abort }) => abort?.DaysAfterInitiation ?? []);
      expect(abandoned, role).toEqual([2]);
      const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
      expect(
        rules.some((rule) => rule.NoncurrentVersionExpiration !== undefined),
        role,
      ).toBe(["lake", "artifacts", "drops"].includes(role));
      // Logs of access as a whole; of the rest only what is made again.
      expect(
        expiring.map(({ Prefix = "everything" }) => Prefix),
        role,
      ).toEqual(
        { "access-logs": ["everything"], lake: ["staging/"], artifacts: ["drops/", "athena-results/"] }[role] ?? [],
      );
    }
  });

  it("is locked where it was landed if it is retained, and nowhere else", () => {
    for (const [role, { properties }] of bucketsOf(name)) {
      if (role !== "landing" || !isRetained(name)) {
        expect(properties, role).not.toHaveProperty("ObjectLockEnabled");
        continue;
      }
      expect(properties["ObjectLockEnabled"]).toBe(true);
      expect(properties["ObjectLockConfiguration"]).toEqual({
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: name === "production" ? 90 : 7 } },
      });
    }
  });

  it("lies under the environment's own key where it is retained, wherever it lies", () => {
    const keys = of(name, "AWS::KMS::Key");
    expect(keys).toHaveLength(isRetained(name) ? 1 : 0);
    for (const { properties } of keys) expect(properties["EnableKeyRotation"]).toBe(true);
    const [key] = keys;
    const found = new Set<string>();
    for (const [type, { at: path, byAws }] of Object.entries(ENCRYPTION)) {
      for (const { id, properties } of of(name, type)) {
        found.add(type);
        const encryption = at(properties, path);
        if (key === undefined || String(properties["BucketName"]).endsWith("-access-logs")) {
          if (byAws === undefined) expect(encryption, id).toBeUndefined();
          else expect(encryption, id).toMatchObject(byAws);
        } else {
          expect(JSON.stringify(encryption), id).toContain(`{"Fn::GetAtt":["${key.id}","Arn"]}`);
        }
      }
    }
    expect(found.size).toBeGreaterThan(3);
  });

  it("lies in no type of resource that this test does not know", () => {
    const types = loadResourceTypes();
    const stateful = new Set(of(name).flatMap(({ type }) => (types.isStateful(type) ? [type] : [])));
    expect([...stateful].filter((type) => !(type in ENCRYPTION) && !NAMES_ONLY.has(type))).toEqual([]);
    expect(stateful.size).toBeGreaterThan(3);
  });

  it("is queried within limits that no client can lift", () => {
    const groups = of(name, "AWS::Athena::WorkGroup");
    expect(groups.map(({ properties }) => properties["WorkGroupConfiguration"])).toMatchObject([
      {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 100 * 1_024 ** 3,
        PublishCloudWatchMetricsEnabled: true,
        RequesterPaysEnabled: false,
        // Below the prefix that a lifecycle rule of the bucket clears.
        ResultConfiguration: { OutputLocation: `s3://millrace-${name}-ol-artifacts/athena-results/` },
      },
    ]);
  });

  it("can be had back as it was at any second, as far as it is in the ledger", () => {
    const [ledger] = of(name, "AWS::DynamoDB::GlobalTable");
    expect(ledger?.properties["Replicas"]).toMatchObject([
      {
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: isRetained(name),
      },
    ]);
  });
});

it.each(["qa", "production"] as const)("nothing lands in %s under another key than its own", (name) => {
  for (const [role, bucket] of bucketsOf(name)) {
    if (role === "access-logs") continue;
    const sids = policyOf(name, bucket).map(({ Sid }) => Sid);
    expect(sids, role).toEqual(expect.arrayContaining(["OtherEncryption", "OtherKey"]));
    expect(JSON.stringify(bucket.properties["BucketEncryption"]), role).toContain('"BucketKeyEnabled":true');
  }
});
