import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { badInput } from "./output.ts";

export const ENVIRONMENT_OPTION = [
  "--env, --environment <name>",
  `act on this environment in AWS: ${ENVIRONMENTS.join(", ")} (default: $MILLRACE_ENVIRONMENT, or else the engine of this machine)`,
] as const;

/** Undefined = the engine of this machine. An empty text names nothing, and is no way to ask for that engine. */
export function readEnvironment(given: string | undefined): EnvironmentName | undefined {
  const named = given ?? process.env["MILLRACE_ENVIRONMENT"];
  if (named === undefined) return undefined;
  const known = ENVIRONMENTS.find((name) => name === named);
  if (known !== undefined) return known;
  const source = given === undefined ? "MILLRACE_ENVIRONMENT" : "--environment";
  throw badInput(
    `${source} "${named}" is no environment.`,
    `There are: ${ENVIRONMENTS.join(", ")}.`,
    "unknown_environment",
  );
}

export const notInAws = (verb: string, environment: EnvironmentName): Error =>
  badInput(
    `\`${verb}\` works on this machine only; it cannot act on ${environment} in AWS.`,
    'Leave out --environment (and MILLRACE_ENVIRONMENT). docs/runbooks/operate.md, "On AWS", says what takes its place there.',
    "embedded_only",
  );
