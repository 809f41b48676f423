import * as z from "zod";
import { jobInput } from "../job-input.ts";
import { EXIT, table } from "../output.ts";
import { errorText, Run, seconds } from "../status.ts";
import type { Verb } from "../verb.ts";

const RunDetail = Run.extend({
  arn: z.string(),
  input: z.unknown(),
  output: z.unknown(),
  steps: z.array(
    z.object({
      state: z.string(),
      attempt: z.number(),
      data: z.looseObject({
        status: z.string(),
        startedAt: z.string(),
        endedAt: z.string().optional(),
        failure: z.looseObject({ class: z.string(), code: z.string(), message: z.string() }).optional(),
      }),
    }),
  ),
  history: z.array(z.unknown()),
});

export const runShow: Verb = {
  usage: "show <id>",
  summary: "Show one run: its steps, attempts, result and history",
  home: "engine",
  examples: ["run show millrace-dev-openedx-tracking-log-mitxonline-0123456789abcdef01234567", "run show ID --json"],
  async run({ args: [id = ""] }, { out, engine }) {
    const run = await (await engine()).get(`/api/runs/${encodeURIComponent(id)}`, RunDetail);
    out.result(run, () =>
      [
        `${run.id}  ${run.status}  ${seconds(run)}`,
        `domain ${run.domain}, job ${run.job ?? "-"}, trigger ${run.trigger}, partition ${run.partition ?? "-"}`,
        ...(run.error === null ? [] : [errorText(run.error)]),
        "",
        table(
          ["step", "attempt", "status", "started", "ended", "failure"],
          run.steps.map(({ state, attempt, data }) => [
            state,
            attempt,
            data.status,
            data.startedAt.slice(11, 23),
            data.endedAt?.slice(11, 23),
            data.failure === undefined ? "" : `${data.failure.class} ${data.failure.code}: ${data.failure.message}`,
          ]),
        ),
        "",
        `input   ${JSON.stringify(run.input)}`,
        `output  ${JSON.stringify(run.output)}`,
        `${run.history.length} history events (see them with --json)`,
      ].join("\n"),
    );
    return EXIT.ok;
  },
};

const StartOptions = z.looseObject({ input: z.string().default("{}"), name: z.string().optional() });

export const runStart: Verb = {
  usage: "start <domain>",
  summary: "Start a run of a domain's state machine by hand",
  options: [
    ["--input <json>", "the execution's input; docs/reference/pipelines.md has an example for every job"],
    ["--name <name>", "name of the execution; the same name and input again start nothing"],
  ],
  home: "engine",
  examples: [`run start lakehouse --input '{"job":"build","all":true}'`],
  async run({ args: [domain = ""], options }, { out, engine }) {
    const { input: text, name } = StartOptions.parse(options);
    const input = jobInput(domain, text);
    const run = await (await engine()).post("/api/start", { machine: domain, name, input }, Run);
    out.result(run, () => `Started ${run.id}. Follow it with \`npx millrace run show ${run.id}\`.`);
    return EXIT.ok;
  },
};

export const runStop: Verb = {
  usage: "stop <id>",
  summary: "Stop a run; its workers are ended",
  home: "engine",
  examples: ["run stop ID"],
  async run({ args: [id = ""] }, { out, engine }) {
    const run = await (await engine()).post(`/api/runs/${encodeURIComponent(id)}/stop`, {}, Run);
    out.result(run, () => `Stopped ${run.id}: ${run.status}.`);
    return EXIT.ok;
  },
};

export const runAgain: Verb = {
  usage: "again <id>",
  summary: "Start a new run with the input of an old one",
  home: "engine",
  examples: ["run again ID"],
  async run({ args: [id = ""] }, { out, engine }) {
    const run = await (await engine()).post(`/api/runs/${encodeURIComponent(id)}/again`, {}, Run);
    out.result(run, () => `Started ${run.id}. Follow it with \`npx millrace run show ${run.id}\`.`);
    return EXIT.ok;
  },
};

/** Of use where a machine fails without a path of its own to failure: elsewhere the failed state is that path's end. */
export const runRedrive: Verb = {
  usage: "redrive <id>",
  summary: "Continue a failed or stopped run from the state where it stands, as Step Functions does",
  home: "engine",
  examples: ["run redrive ID"],
  async run({ args: [id = ""] }, { out, engine }) {
    const run = await (await engine()).post(`/api/runs/${encodeURIComponent(id)}/redrive`, {}, Run);
    out.result(run, () => `Redriven ${run.id}: ${run.status}.`);
    return EXIT.ok;
  },
};
