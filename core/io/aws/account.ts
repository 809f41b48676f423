import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  type StackEvent,
} from "@aws-sdk/client-cloudformation";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetServiceQuotaCommand, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { PATIENT_CLIENT } from "./client.ts";
import { awsFailure, readAwsError } from "./errors.ts";

export interface StackState {
  /** For example ROLLBACK_COMPLETE. */
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Of the last operation that failed: the resource that failed first, and why. */
  readonly failure?: { readonly logicalId: string; readonly type: string; readonly reason: string };
}

/** What there is in the account that the environment's credentials reach. Reads only; no value of a secret. */
export interface Account {
  /** Throws Misconfigured when there are no credentials, no region, or none that AWS accepts. */
  identity(): Promise<{ readonly account: string; readonly arn: string; readonly region: string }>;
  /** Version of the CDK's bootstrap stack, by the parameter that it leaves; undefined = not bootstrapped. */
  bootstrapVersion(parameter: string): Promise<number | undefined>;
  /** Undefined = there is no such stack. */
  stack(name: string): Promise<StackState | undefined>;
  /** Whether the secret has a current value; undefined = there is no such secret. */
  hasValue(secret: string): Promise<boolean | undefined>;
  /** The quota as it applies to the account and region. */
  quota(service: string, code: string): Promise<number>;
}

export function awsAccount(): Account {
  const sts = new STSClient(PATIENT_CLIENT);
  const ssm = new SSMClient(PATIENT_CLIENT);
  const cloudFormation = new CloudFormationClient(PATIENT_CLIENT);
  const secrets = new SecretsManagerClient(PATIENT_CLIENT);
  const quotas = new ServiceQuotasClient(PATIENT_CLIENT);
  return {
    identity: () =>
      asking("tell who is asking", async () => {
        const region = await sts.config.region();
        const { Account: account = "", Arn: arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
        return { account, arn, region };
      }),
    bootstrapVersion: (Name) =>
      asking(`read the parameter ${Name}`, async () => {
        const found = await unless(/^ParameterNotFound$/, ssm.send(new GetParameterCommand({ Name })));
        return found === undefined ? undefined : Number(found.Parameter?.Value);
      }),
    stack: (StackName) =>
      asking(`read the stack ${StackName}`, async () => {
        const found = await unless(
          /^ValidationError$/,
          cloudFormation.send(new DescribeStacksCommand({ StackName })),
          /does not exist/,
        );
        const [stack] = found?.Stacks ?? [];
        const status = stack?.StackStatus;
        if (status === undefined || status === "REVIEW_IN_PROGRESS" || status === "DELETE_COMPLETE") return undefined;
        const outputs = Object.fromEntries(
          (stack?.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]),
        );
        if (!/FAILED|ROLLBACK/.test(status)) return { status, outputs };
        const failure = firstFailure(await lastOperation(cloudFormation, StackName));
        return { status, outputs, ...(failure === undefined ? {} : { failure }) };
      }),
    hasValue: (SecretId) =>
      asking(`describe the secret ${SecretId}`, async () => {
        const found = await unless(
          /^ResourceNotFoundException$/,
          secrets.send(new DescribeSecretCommand({ SecretId })),
        );
        if (found === undefined) return undefined;
        return Object.values(found.VersionIdsToStages ?? {}).some((stages) => stages.includes("AWSCURRENT"));
      }),
    quota: (ServiceCode, QuotaCode) =>
      asking(`read the quota ${QuotaCode} of ${ServiceCode}`, async () => {
        const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
        if (Quota?.Value === undefined) throw new Error("The answer holds no value.");
        return Quota.Value;
      }),
  };
}

async function asking<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsFailure(error, what);
  }
}

/** Undefined where AWS answers by an error that the thing is not there. */
async function unless<T>(name: RegExp, call: Promise<T>, message = /./s): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const known = readAwsError(error);
    if (known !== undefined && name.test(known.name) && message.test(known.message)) return undefined;
    throw error;
  }
}

/** Events of the operation that ran last, newest first: back to where a person or a pipeline asked for it. */
async function lastOperation(client: CloudFormationClient, StackName: string): Promise<readonly StackEvent[]> {
  const events: StackEvent[] = [];
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName })) {
    for (const event of StackEvents) {
      events.push(event);
      const isStack = event.PhysicalResourceId === event.StackId;
      if (isStack && /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(event.ResourceStatus ?? "")) return events;
    }
  }
  return events;
}

/** What was cancelled because of it has failed too, later; the stack's own events say no more than that. */
function firstFailure(events: readonly StackEvent[]): StackState["failure"] {
  const failed = events.filter(
    ({ ResourceStatus = "", ResourceStatusReason = "", PhysicalResourceId, StackId }) =>
      ResourceStatus.endsWith("_FAILED") && PhysicalResourceId !== StackId && !/cancelled/i.test(ResourceStatusReason),
  );
  const first = failed.at(-1);
  if (first === undefined) return undefined;
  const { LogicalResourceId: logicalId = "", ResourceType: type = "", ResourceStatusReason: reason = "" } = first;
  return { logicalId, type, reason };
}
