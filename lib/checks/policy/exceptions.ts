import { ACTIONS } from "../../constructs/grant.ts";
import { AUTHORISED } from "./actions.ts";

const REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference";

/** Pages of the reference for services that have actions without resource-level permission. */
const PAGES: Readonly<Record<string, string>> = {
  cloudwatch: "list_amazoncloudwatch",
  ecr: "list_amazonelasticcontainerregistry",
  lakeformation: "list_awslakeformation",
  logs: "list_amazoncloudwatchlogs",
  xray: "list_awsx-ray",
};

const GLUE =
  "Databases have the names of the lake's namespaces, and a catalogue is one per account and Region: an environment " +
  "with a Glue lake has an account of its own (lib/constructs/lake.ts).";

/** Resources that end in a wildcard before anything of the environment is named, by action, with the reason. */
export const WIDE: Readonly<Record<string, string>> = {
  "cloudwatch:DescribeAlarms":
    "A release looks alarms up in a list, which AWS authorises as a whole " +
    "(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).",
  ...Object.fromEntries(
    [...ACTIONS["read databases"], ...ACTIONS["write databases"]].map((action) => [action, GLUE] as const),
  ),
};

/** Services that take a role without saying for whose resource, so that a condition would lock them out. */
export const WITHOUT_SOURCE: Readonly<Record<string, string>> = {
  "lambda.amazonaws.com":
    "A function's role must be of the function's account, and Lambda documents no source keys for it " +
    "(https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html).",
};

/** Roles of containers that ECS takes to pull an image; it documents source keys for the role of the task alone. */
export const EXECUTION_ROLE =
  "ECS documents the source keys for the role of a task and not for the one that pulls its image " +
  "(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html).";

/** Actions for which AWS accepts only `*`, each with the page that says so. */
export const withoutResource = (): readonly { readonly action: string; readonly reference: string }[] =>
  Object.entries(AUTHORISED)
    .filter(([, { on }]) => on.length === 0)
    .map(([action]) => {
      const page = PAGES[action.split(":")[0] ?? ""];
      if (page === undefined) throw new Error(`Name the page of the reference that says ${action} accepts only *.`);
      return { action, reference: `${REFERENCE}/${page}.html` };
    })
    .toSorted((a, b) => a.action.localeCompare(b.action));
