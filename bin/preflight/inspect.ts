import { awsAccount, type Account, type StackState } from "../../core/io/aws/account.ts";
import { describeFailure } from "../../core/model/failures.ts";
import type { Finding, Preflight } from "./finding.ts";
import { quotaLink, quotaNeeds } from "./quotas.ts";
import type { StageStack } from "./stage.ts";

/** Whether the environment can be deployed, or has been deployed well, into what the credentials reach. */
export async function inspect(stacks: readonly StageStack[]): Promise<Preflight> {
  const account = awsAccount();
  const unchecked: string[] = [];
  /** One thing that cannot be read does not hide the others. */
  const check = async (look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> => {
    try {
      return await look();
    } catch (error) {
      unchecked.push(describeFailure(error).message);
      return [];
    }
  };

  let who: Awaited<ReturnType<Account["identity"]>>;
  try {
    who = await account.identity();
  } catch (error) {
    const { message } = describeFailure(error);
    return { findings: [finding("account", "AWS does not know who is asking", message, SIGN_IN)], unchecked };
  }
  const wrong = elsewhere(stacks, who);
  // What is found in another account says nothing about this environment.
  if (wrong.length > 0) return { findings: wrong, unchecked };
  const findings = await Promise.all([
    check(() => bootstrap(account, stacks, who)),
    ...stacks.map((stack) => check(() => deployed(account, stack))),
    ...stacks.map((stack) => check(() => secrets(account, stack))),
    ...quotaNeeds(stacks.flatMap(({ resources }) => resources)).map((need) =>
      check(async () => {
        const value = await account.quota(need.service, need.code);
        if (value >= need.needed) return [];
        return [
          finding(
            "quota",
            `${need.name} (${need.service} ${need.code}) is ${value}, ${need.needed} are needed`,
            need.why,
            `Ask for more at ${quotaLink(need, who.region)}`,
          ),
        ];
      }),
    ),
  ]);
  return { findings: findings.flat(), unchecked };
}

const SIGN_IN = "Sign in (`aws sso login`), and set AWS_PROFILE or the AWS_* variables, AWS_REGION among them.";

const finding = (check: string, what: string, why: string, next: string): Finding => ({ check, what, why, next });

function elsewhere(
  stacks: readonly StageStack[],
  who: { readonly account: string; readonly arn: string; readonly region: string },
): readonly Finding[] {
  const wrong = (["account", "region"] as const).flatMap((part) =>
    [...new Set(stacks.map((stack) => stack[part]))]
      .filter((expected) => expected !== undefined && expected !== who[part])
      .map((expected) => `${part} ${who[part]}, expected is ${expected}`),
  );
  return wrong.length === 0
    ? []
    : [
        finding(
          "account",
          `the credentials lead elsewhere: ${wrong.join("; ")}`,
          `they are those of ${who.arn}; bin/environments.ts says where the environment belongs`,
          SIGN_IN,
        ),
      ];
}

async function bootstrap(
  account: Account,
  stacks: readonly StageStack[],
  who: { readonly account: string; readonly region: string },
): Promise<readonly Finding[]> {
  const parameters = new Map(stacks.map(({ bootstrap: { parameter } }) => [parameter, 0]));
  for (const { bootstrap: needed } of stacks)
    parameters.set(needed.parameter, Math.max(needed.version, parameters.get(needed.parameter) ?? 0));
  const next = `npx cdk bootstrap aws://${who.account}/${who.region}`;
  const findings = await Promise.all(
    [...parameters].map(async ([parameter, needed]) => {
      const version = await account.bootstrapVersion(parameter);
      if (version !== undefined && version >= needed) return [];
      const what =
        version === undefined
          ? `${who.account}/${who.region} is not bootstrapped`
          : `the bootstrap stack has version ${version}, ${needed} is needed`;
      return [finding("bootstrap", what, `the parameter ${parameter} says so`, next)];
    }),
  );
  return findings.flat();
}

async function deployed(account: Account, stack: StageStack): Promise<readonly Finding[]> {
  const { name } = stack;
  const state = await account.stack(name);
  if (state === undefined || !/FAILED|ROLLBACK|IN_PROGRESS/.test(state.status)) return [];
  const { status, failure } = state;
  const why =
    failure === undefined
      ? "CloudFormation keeps no event of a resource that failed"
      : `${failure.logicalId} (${failure.type}): ${failure.reason}`;
  return [finding("stack", `${name} is ${status}`, why, nextOf(state, stack))];
}

function nextOf({ status }: StackState, { name, isProtected, resources }: StageStack): string {
  if (status.endsWith("_IN_PROGRESS")) return "Wait for it to end, then look again.";
  if (status === "UPDATE_ROLLBACK_FAILED")
    return "Correct the cause, then `aws cloudformation continue-update-rollback`.";
  if (status === "UPDATE_ROLLBACK_COMPLETE")
    return "What ran before still runs. Correct the cause and deploy again; data was not touched.";
  if (status === "DELETE_FAILED") return "A bucket with objects is not deleted. Empty it if that is meant, then again.";
  const kept = keptNames(resources);
  return [
    "Correct the cause and deploy again; the CDK deletes a stack that was never complete.",
    ...(isProtected
      ? [`First allow that: \`aws cloudformation update-termination-protection ${UNPROTECTED} --stack-name ${name}\`.`]
      : []),
    ...(kept.length === 0 ? [] : [`First look for what was kept, for its name is taken: ${kept.join(", ")}.`]),
  ].join(" ");
}

const UNPROTECTED = "--no-enable-termination-protection";

/** Physical names of what even the roll-back of its creation keeps: the next create finds them taken. */
const keptNames = (resources: StageStack["resources"]): readonly string[] =>
  resources
    .filter(({ DeletionPolicy }) => DeletionPolicy === "Retain")
    .flatMap(({ Properties }) =>
      ["BucketName", "DBInstanceIdentifier", "TableBucketName", "TableName", "Name"].flatMap((key) => {
        const name = Properties[key];
        return typeof name === "string" ? [name] : [];
      }),
    );

async function secrets(account: Account, { resources }: StageStack): Promise<readonly Finding[]> {
  const names = resources
    .filter(({ Type }) => Type === "AWS::SecretsManager::Secret")
    .flatMap(({ Properties: { Name } }) => (typeof Name === "string" ? [Name] : []));
  const findings = await Promise.all(
    // A secret that is not there yet comes with its stack.
    names.map(async (name) => ((await account.hasValue(name)) === false ? [empty(name)] : [])),
  );
  return findings.flat();
}

const empty = (name: string): Finding =>
  finding(
    "secret",
    `${name} has no value`,
    "tasks that need it fail as Misconfigured",
    `aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://value.json`,
  );
