import type { Pipeline } from "../../core/model/pipeline.ts";
import { namesOf } from "../environment.ts";
import { page } from "./markdown.ts";

const names = namesOf({ name: "production", organisation: "organisation" });

/** How a person starts a run, in AWS and on one machine, with an input for every job of every machine. */
export const startingByHandPage = (pipelines: readonly Pipeline[]): string =>
  page(
    "Starting a run by hand",
    "Every machine takes an input that a person can type. What has been done before is recognised and not done twice, so starting again is safe. Triggers start runs through `…-start` machines, which give them names; a person starts the domain's machine itself.",
    `## In the AWS console

Step Functions, State machines, \`${names.prefix}-<domain>\`, **Start execution**. Write a name that others will recognise (a name is used once in 90 days), paste an input of this page, start. The machine's \`Comment\` holds an input for every job, too.`,
    `## With the AWS command line

\`\`\`sh
export AWS_REGION=us-east-1 ENVIRONMENT=production
export ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
export MACHINES=arn:aws:states:$AWS_REGION:$ACCOUNT:stateMachine:${names.prefix.replace("production", "$ENVIRONMENT")}
\`\`\`

\`<landing bucket>\` in the inputs below is \`millrace-<environment>-<organisation>-landing\`, with the organisation of \`bin/environments.ts\`.
The answer has the \`executionArn\`. How it goes:

\`\`\`sh
aws stepfunctions describe-execution --execution-arn "$ARN" --query '[status,error,cause]'
aws stepfunctions get-execution-history --execution-arn "$ARN" --reverse-order --max-items 10
\`\`\``,
    `## What a wrong input answers

| input | answer |
| --- | --- |
| no JSON | \`InvalidExecutionInput\` at once; nothing starts |
| no \`job\`, or one that the machine does not have | a machine of several jobs fails as \`Misconfigured\` and says which page has the right form; a machine of one job does not look |
| a field is missing or of the wrong type | the first task fails as \`Misconfigured\`, code \`wrong_input\`, and names the field; nothing was written |
| an object that is not there | \`Rejected\`, code \`object_missing\` |
| a \`mode\` that the job does not have | \`Rejected\`, code \`mode_not_taken\`, and names those that it has |
| work that was done before | the run succeeds and changes nothing, unless \`"mode":"all"\` is added |`,
    ...pipelines.flatMap(({ domain, jobs }) => [
      `## ${domain}`,
      ...Object.entries(jobs).flatMap(([job, { description, exampleInput }]) => [
        `### ${job}`,
        description,
        [
          "```sh",
          `aws stepfunctions start-execution --state-machine-arn $MACHINES-${names.machine(domain).slice(names.prefix.length + 1)} \\`,
          `  --name by-hand-$(date +%Y%m%dT%H%M%S) --input '${JSON.stringify(exampleInput)}'`,
          "# on one machine:",
          `npx millrace run start ${domain} --input '${JSON.stringify(exampleInput)}'`,
          "```",
        ].join("\n"),
      ]),
    ]),
  );
