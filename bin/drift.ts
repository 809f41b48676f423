import { Argument, Command } from "commander";
import * as z from "zod";
import { awsStacks } from "../core/io/aws/stacks.ts";
import { Failure } from "../core/model/failures.ts";
import { ENVIRONMENTS, type EnvironmentName } from "../core/model/pipeline.ts";
import { EXIT, reportError } from "./cli/output.ts";
import { stackPrefix } from "./release/deployed.ts";
import { driftReport, isAtRest, isClean, type Checked } from "./release/drift-report.ts";

/** `npm run drift -- qa`: what somebody changed beside the stacks. Ends with 1 when there is any, or when it cannot be told. */
const Options = z.object({ debug: z.boolean().default(false) });

const program = new Command("npm run drift --")
  .description("Compares every stack of an environment with what is really there.")
  .addArgument(new Argument("<environment>").choices(ENVIRONMENTS))
  .option("--debug", "show stack traces")
  .action(async (environment: string) => {
    try {
      process.exitCode = await run(z.enum(ENVIRONMENTS).parse(environment));
    } catch (error) {
      process.exitCode = reportError(error, { json: false, debug: Options.parse(program.opts()).debug });
    }
  });
await program.parseAsync();

async function run(environment: EnvironmentName): Promise<number> {
  const stacks = awsStacks();
  const found = await stacks.list(stackPrefix(environment));
  if (found.length === 0) {
    throw new Failure("Misconfigured", `No stack of ${environment} is deployed in this account and region.`, {
      code: "not_deployed",
      what: `compare ${environment} with what is there`,
      hint: "Look at AWS_PROFILE and AWS_REGION; `aws sts get-caller-identity` names the account.",
    });
  }
  const checked: Checked[] = [];
  // One after the other: CloudFormation throttles drift detections of one account.
  for (const stack of found)
    checked.push(isAtRest(stack) ? { stack, drift: await stacks.drift(stack.name) } : { stack });
  process.stdout.write(`${driftReport(environment, checked)}\n`);
  return checked.every(isClean) ? EXIT.ok : EXIT.failed;
}
