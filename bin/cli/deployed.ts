import { awsAccount, type Account } from "../../core/io/aws/account.ts";
import { readSettings, type Settings } from "../../core/io/settings.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { DECLARATIONS_OUTPUT, declarationsDigest } from "../../lib/constructs/declarations.ts";
import { declaredRuns, taskEnvironment } from "../../lib/constructs/task-environment.ts";
import type { Place } from "../../lib/constructs/literal-arns.ts";
import { namesOf, type EnvironmentProps } from "../../lib/environment.ts";
import { domains } from "../../state-machines/index.ts";
import { environmentOf } from "../environments.ts";

const SIGN_IN = "Sign in (`aws sso login`), and set AWS_PROFILE or the AWS_* variables, AWS_REGION among them.";
/** The stack is there, and what it holds is whole; of an update that goes on, what was before still serves. */
const STANDS = /^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$|^UPDATE_/;

/**
 * The settings that a task of the deployed environment has, from the same declarations as the stacks and for the
 * account and region that the credentials lead to. Throws Misconfigured where that is not where it is deployed.
 */
export async function deployedSettings(name: EnvironmentName, note: (message: string) => void): Promise<Settings> {
  const environment = environmentOf(name);
  const pipelines = domains.map(({ pipeline }) => pipeline);
  const names = namesOf(environment);
  const account = awsAccount();
  const who = await identify(account);
  for (const part of ["account", "region"] as const) {
    const expected = environment[part];
    if (expected === undefined || expected === who[part]) continue;
    throw misplaced(name, `is in ${part} ${expected}, and the credentials (${who.arn}) lead to ${who[part]}`);
  }
  const stack = await account.stack(names.stack("platform"));
  const place = `account ${who.account}, ${who.region}`;
  if (stack === undefined || !STANDS.test(stack.status)) {
    const state = stack === undefined ? "is not deployed" : `is not whole (its platform is ${stack.status})`;
    throw misplaced(name, `${state} in ${place}, where the credentials (${who.arn}) lead`);
  }
  note(`${name}: ${place}.`);
  if (stack.outputs[DECLARATIONS_OUTPUT] !== declarationsDigest(environment, pipelines)) {
    note(
      `Warning: what is deployed to ${name} has other lanes, schedules or assets than this checkout. Check out the release that is deployed.`,
    );
  }
  // arn:<partition>:sts::…
  const partition = who.arn.split(":")[1] ?? "aws";
  return readSettings(operatorEnvironment(environment, { ...who, partition }));
}

/** What a task that starts every domain's runs, and reads what has landed, finds in its environment. */
export function operatorEnvironment(environment: EnvironmentProps, place: Place): Record<string, string> {
  const pipelines = domains.map(({ pipeline }) => pipeline);
  const task = { starts: pipelines.map(({ domain }) => domain), reads: [{ bucket: "landing", prefix: "" }] } as const;
  return taskEnvironment(place, environment, namesOf(environment), task, declaredRuns(environment, pipelines));
}

async function identify(account: Account): ReturnType<Account["identity"]> {
  try {
    return await account.identity();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (isFailure(error) && error.name !== "Misconfigured") throw error;
    throw new Failure("Misconfigured", `AWS does not know who is asking: ${why}`, {
      code: "aws_credentials",
      what: "find the environment",
      hint: SIGN_IN,
      cause: error,
    });
  }
}

const misplaced = (name: EnvironmentName, how: string): Failure =>
  new Failure("Misconfigured", `Environment ${name} ${how}.`, {
    code: "not_deployed",
    what: "find the environment",
    hint: `${SIGN_IN} To deploy it: docs/deploy.md.`,
  });
