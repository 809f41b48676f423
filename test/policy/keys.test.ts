import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environmentOf } from "../../bin/environments.ts";
import { ENVIRONMENTS } from "../../core/model/pipeline.ts";
import { authorise, type Permissions } from "../../lib/checks/policy/authorise.ts";
import { REGION } from "../../lib/checks/policy/identities.ts";
import { roleOfTask } from "../../lib/checks/policy/principals.ts";
import { withOriginSecrets } from "../../lib/constructs/grants-origin.ts";
import { namesOf } from "../../lib/environment.ts";
import { domains } from "../../state-machines/index.ts";
import { synthesised } from "./assembly.ts";

/** Where data lies under the environment's own key, a grant on the data is worth nothing without one on the key. */
let assembly: ReturnType<typeof synthesised>;
beforeAll(() => {
  assembly = synthesised();
});
afterAll(() => assembly.remove());

const keyOf = ({ resources }: Permissions): string | undefined =>
  resources.find(({ type }) => type === "AWS::KMS::Key")?.arn();

const uses = (permissions: Permissions, key: string, task: string) => (action: string, service?: string) =>
  authorise(permissions, {
    as: { role: roleOfTask(permissions, task) },
    action,
    resource: key,
    context: service === undefined ? {} : { "kms:ViaService": `${service}.${REGION}.amazonaws.com` },
  }).allowed;

describe.each(ENVIRONMENTS)("in %s", (name) => {
  it("a task uses the environment's key through the services that it is declared to use, and not by itself", () => {
    const permissions = assembly.permissions(name);
    const key = keyOf(permissions);
    if (key === undefined) {
      expect(
        permissions.roles
          .flatMap(({ statements }) => statements.flatMap(({ actions }) => actions))
          .filter((action) => action.startsWith("kms:")),
      ).toEqual([]);
      return;
    }
    const names = namesOf({ name, organisation: "ol" });
    for (const { pipeline } of domains) {
      for (const [id, task] of Object.entries(pipeline.tasks)) {
        const { reads = [], writes = [], secrets = [], lake } = withOriginSecrets(task, environmentOf(name).origins);
        const may = uses(permissions, key, names.task(pipeline.domain, id));
        const writing = writes.length > 0 || lake?.writes !== undefined;
        const touching = writing || reads.length > 0 || lake !== undefined;
        expect(may("kms:Decrypt", "dynamodb"), `${id} keeps its own steps`).toBe(true);
        if (touching) expect(may("kms:Decrypt", "s3"), `${id} reads`).toBe(true);
        if (writing) expect(may("kms:GenerateDataKey", "s3"), `${id} writes`).toBe(true);
        expect(may("kms:Decrypt", "secretsmanager"), `${id} reads secrets`).toBe(secrets.length > 0);
        for (const action of ["kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:CreateGrant"]) {
          expect(may(action), `${id} ${action} by itself`).toBe(false);
          expect(may(action, "ebs"), `${id} ${action} through a service of no concern`).toBe(false);
        }
        expect(may("kms:ScheduleKeyDeletion"), id).toBe(false);
      }
    }
  });

  it("what holds data is under the environment's key, if it has one", () => {
    const permissions = assembly.permissions(name);
    const key = keyOf(permissions);
    const holding = permissions.resources.filter(({ type, property }) =>
      type === "AWS::S3::Bucket"
        ? !String(property("BucketName")).endsWith("-access-logs")
        : /::(GlobalTable|Secret|TableBucket)$/.test(type),
    );
    expect(holding.length).toBeGreaterThan(5);
    const kinds = ["BucketEncryption", "SSESpecification", "KmsKeyId", "EncryptionConfiguration", "Replicas"];
    const own = holding.filter((resource) =>
      JSON.stringify(kinds.map(resource.property)).includes(key ?? "arn:aws:kms"),
    );
    expect(own.map(({ logicalId }) => logicalId)).toEqual(
      key === undefined ? [] : holding.map(({ logicalId }) => logicalId),
    );
  });
});

it("some environments have a key of their own, and some do not", () => {
  const keys = ENVIRONMENTS.map((name) => keyOf(assembly.permissions(name)) !== undefined);
  expect(new Set(keys)).toEqual(new Set([true, false]));
});
