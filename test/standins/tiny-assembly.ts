import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface TinyAssembly {
  /** Definitions may name `${Function}` and `${Container}` of those below. */
  readonly machines: Readonly<Record<string, object>>;
  /** CommonJS text of `index.js`. */
  readonly functions?: Readonly<
    Record<string, { readonly code: string; readonly memoryMb?: number; readonly timeoutSeconds?: number }>
  >;
  readonly containers?: Readonly<Record<string, { readonly code: string; readonly memoryMb?: number }>>;
  /** Started with the object's key as `{"key": …}`. */
  readonly landings?: Readonly<Record<string, { readonly machine: string; readonly prefix: string }>>;
}

const SETTINGS = {
  MILLRACE_ENVIRONMENT: "dev",
  MILLRACE_BUCKET_LANDING: "tiny-landing",
  MILLRACE_BUCKET_LAKE: "tiny-lake",
  MILLRACE_BUCKET_QUARANTINE: "tiny-quarantine",
  MILLRACE_BUCKET_ARTIFACTS: "tiny-artifacts",
  MILLRACE_BUCKET_DROPS: "tiny-drops",
  MILLRACE_LEDGER_TABLE: "tiny-ledger",
  MILLRACE_BUS: "tiny-bus",
  MILLRACE_LAKE_CATALOG: "glue:000000000000",
  MILLRACE_MACHINE_ARN_PREFIX: "arn:aws:states:us-east-1:000000000000:stateMachine:tiny-dev-",
  MILLRACE_SECRET_PREFIX: "tiny",
};

/** Writes a cloud assembly by hand, as CDK would: one stage `dev` with one stack. Returns its folder. */
export function writeTinyAssembly(
  folder: string,
  { machines, functions = {}, containers = {}, landings = {} }: TinyAssembly,
): string {
  const stage = join(folder, "assembly-dev");
  mkdirSync(stage, { recursive: true });
  const asset = (name: string, code: string): string => {
    mkdirSync(join(stage, `asset.${name}`), { recursive: true });
    writeFileSync(join(stage, `asset.${name}`, "index.js"), code);
    writeFileSync(join(stage, `asset.${name}`, "package.json"), '{"type":"commonjs"}');
    return `asset.${name}`;
  };
  const files: Record<string, object> = {};
  const dockerImages: Record<string, object> = {};
  const resources: Record<string, object> = {
    Landing: { Type: "AWS::S3::Bucket", Properties: { BucketName: SETTINGS.MILLRACE_BUCKET_LANDING } },
  };
  const substitutions: Record<string, object> = {};
  for (const [name, { code, memoryMb = 256, timeoutSeconds = 30 }] of Object.entries(functions)) {
    files[name] = {
      source: { path: asset(name, code), packaging: "zip" },
      destinations: { here: { objectKey: `${name}.zip` } },
    };
    resources[name] = {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: { "Fn::Join": ["-", ["tiny", { Ref: "AWS::Region" }, name]] },
        Code: { S3Bucket: { "Fn::Sub": "assets-${AWS::AccountId}" }, S3Key: `${name}.zip` },
        Handler: "index.handler",
        Timeout: timeoutSeconds,
        MemorySize: memoryMb,
        Environment: { Variables: { ...SETTINGS, MILLRACE_BUCKET_LANDING: { Ref: "Landing" } } },
      },
    };
    substitutions[name] = { "Fn::GetAtt": [name, "Arn"] };
  }
  for (const [name, { code, memoryMb = 256 }] of Object.entries(containers)) {
    dockerImages[name] = { source: { directory: asset(name, code) }, destinations: { here: { imageTag: name } } };
    resources[name] = {
      Type: "AWS::ECS::TaskDefinition",
      Properties: {
        Family: `tiny-${name}`,
        Memory: String(memoryMb),
        ContainerDefinitions: [
          {
            Name: name,
            Image: { "Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/assets:" + name },
            Command: ["node", "index.js"],
            Environment: Object.entries(SETTINGS).map(([Name, Value]) => ({ Name, Value })),
          },
        ],
      },
    };
    substitutions[name] = { Ref: name };
  }
  for (const [name, definition] of Object.entries(machines)) {
    resources[`${name}Machine`] = {
      Type: "AWS::StepFunctions::StateMachine",
      Properties: {
        StateMachineName: `tiny-dev-${name}`,
        DefinitionString: JSON.stringify({ QueryLanguage: "JSONata", ...definition }),
        DefinitionSubstitutions: substitutions,
        RoleArn: "arn:aws:iam::000000000000:role/tiny",
      },
    };
  }
  for (const [name, { machine, prefix }] of Object.entries(landings)) {
    resources[`${name}Rule`] = {
      Type: "AWS::Events::Rule",
      Properties: {
        Name: `tiny-${name}`,
        State: "ENABLED",
        EventPattern: {
          source: ["aws.s3"],
          "detail-type": ["Object Created"],
          detail: { bucket: { name: [{ Ref: "Landing" }] }, object: { key: [{ prefix }] } },
        },
        Targets: [
          {
            Id: "Target0",
            Arn: { Ref: `${machine}Machine` },
            InputTransformer: { InputPathsMap: { key: "$.detail.object.key" }, InputTemplate: '{"key":<key>}' },
          },
        ],
      },
    };
  }
  const write = (path: string, value: object): void =>
    writeFileSync(join(folder, path), JSON.stringify(value, null, 1));
  write("manifest.json", {
    version: "1.0",
    artifacts: {
      "assembly-dev": { type: "cdk:cloud-assembly", properties: { directoryName: "assembly-dev", displayName: "dev" } },
    },
  });
  write("assembly-dev/manifest.json", {
    version: "1.0",
    artifacts: {
      "tiny.assets": { type: "cdk:asset-manifest", properties: { file: "tiny.assets.json" } },
      tiny: { type: "aws:cloudformation:stack", properties: { templateFile: "tiny.template.json", stackName: "tiny" } },
    },
  });
  write("assembly-dev/tiny.assets.json", { version: "1", files, dockerImages });
  write("assembly-dev/tiny.template.json", { Resources: resources });
  return folder;
}
