import { definePipeline, type ScheduleTrigger, type TaskDeclaration } from "../../core/model/pipeline.ts";
import { exporting } from "../../lambdas/openedx/sources/course-assets.ts";
import { RecordFailure } from "../shared-tasks.ts";

/** What asks the LMS of any installation. */
const asks: Pick<TaskDeclaration, "ledger" | "internet" | "secrets"> = {
  ledger: "write",
  internet: true,
  secrets: exporting.map(({ id }) => `openedx/${id}`),
};

/** Where the installations' secrets are: a developer's environment has none unless somebody puts them there. */
const hourly: Pick<ScheduleTrigger, "kind" | "timeZone" | "environments" | "misfire"> = {
  ...{ kind: "schedule", timeZone: "UTC", misfire: "skip" },
  environments: ["qa", "production"],
};

export const openedxDiscovery = definePipeline({
  domain: "openedx_discovery",
  description:
    "Which course runs the Open edX installations have, and which version of each is published; tells MIT Learn once more of those that are young.",
  jobs: {
    discover: {
      description: "Adds the course runs of one installation that are new, retires those that are gone for good.",
      exampleInput: { job: "discover", deployment: "mitxonline" },
    },
    sweep: {
      description:
        "Reads the published version of every course run of one installation: what has changed is requested.",
      exampleInput: { job: "sweep", deployment: "mitxonline" },
    },
    resend: {
      description: "Tells MIT Learn once more, half an hour later, of courses that it may not have known.",
      exampleInput: { job: "resend" },
    },
  },
  tasks: {
    DiscoverCourses: {
      description: "Lists the course runs of one installation; requests nothing.",
      handler: "openedx/discover-courses",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 300 },
      ...asks,
      secrets: [
        ...(asks.secrets ?? []),
        ...(exporting.some(({ announcesDeletion }) => announcesDeletion === true) ? ["learn/webhook"] : []),
      ],
    },
    SweepVersions: {
      description:
        "Asks for the outline of every course run, 16 at a time and 50 a second at most, for three minutes at most.",
      handler: "openedx/sweep-versions",
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 240 },
      ...asks,
      starts: ["openedx_courses"],
    },
    ResendContent: {
      description: "Sends what is due to be sent once more: content of courses that are younger than a day.",
      handler: "learn-webhook/resend-content",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 600 },
      ledger: "write",
      internet: true,
      secrets: ["learn/webhook"],
    },
    RecordFailure,
  },
  triggers: [
    ...exporting.flatMap(({ id }, index): ScheduleTrigger[] => [
      {
        ...hourly,
        id: `courses_of_${id}`,
        description: `The course runs of ${id}, hourly.`,
        job: "discover",
        // One installation after the other, and each before its sweep.
        expression: `cron(${index * 5} * * * ? *)`,
        input: { deployment: id },
      },
      {
        ...hourly,
        id: `versions_of_${id}`,
        description: `The versions of the course runs of ${id}, hourly.`,
        job: "sweep",
        expression: `cron(${index * 5 + 20} * * * ? *)`,
        input: { deployment: id },
      },
    ]),
    {
      ...hourly,
      id: "resend_content",
      description: "What MIT Learn is told once more, every ten minutes.",
      job: "resend",
      expression: "rate(10 minutes)",
    },
  ],
  assets: [],
  lanes: [],
});
