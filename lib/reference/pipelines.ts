import { EVERY_JOBS_MODES } from "../../core/model/backfills/mode.ts";
import { DEFAULT_SLOTS, lanesIn } from "../../core/model/lanes/declared-lanes.ts";
import type { Pipeline, Trigger } from "../../core/model/pipeline.ts";
import { code, page, table } from "./markdown.ts";

/** What runs and what starts it, with an input for every job that a person can start by hand. */
export const pipelinesPage = (pipelines: readonly Pipeline[]): string =>
  page(
    "Pipelines",
    "One state machine per domain, named `millrace-<environment>-<domain>`. A job is the value of `job` in its input. Triggers begin runs through `millrace-<environment>-<domain>-start`, which names them after the trigger and the object, the asset and partition, or the time ([ADR 012](../adr/012-named-executions.md)).",
    ...pipelines.flatMap((pipeline) => [
      `## ${pipeline.domain}`,
      pipeline.description,
      "### Jobs",
      ...Object.entries(pipeline.jobs).map(
        ([job, { description, exampleInput, modes = EVERY_JOBS_MODES }]) =>
          `**${job}**: ${description} Modes (\`mode\` of its input): ${modes.map(code).join(", ")}. Started by hand with:\n\n\`\`\`json\n${JSON.stringify(exampleInput, null, 2)}\n\`\`\``,
      ),
      "### Triggers",
      table(
        ["id", "job", "starts on", "description"],
        pipeline.triggers.map((trigger) => [
          code(trigger.id),
          code(trigger.job),
          startOf(trigger),
          trigger.description,
        ]),
      ),
      ...lanesOf(pipeline),
    ]),
  );

/** An Express machine has runs of no lane. */
function lanesOf(pipeline: Pipeline): readonly string[] {
  const rows = lanesIn("production", [pipeline]).map(({ id }) => {
    const declared = pipeline.lanes.find((lane) => lane.id === id);
    const {
      slots = DEFAULT_SLOTS,
      slotsIn = {},
      description = "Runs of the domain that name no other lane.",
    } = declared ?? {};
    const others = Object.entries(slotsIn).map(([environment, count]) => `${environment}: ${count}`);
    return [code(id), [slots, ...others].join(", "), description];
  });
  return rows.length === 0 ? [] : ["### Lanes", table(["lane", "slots", "description"], rows)];
}

function startOf(trigger: Trigger): string {
  switch (trigger.kind) {
    case "landing": {
      const endings = trigger.suffixes === undefined ? "" : ` ending in ${trigger.suffixes.map(code).join(" or ")}`;
      return `an object below ${code(trigger.prefix)} of the landing bucket${endings}`;
    }
    case "event":
      return `the event ${code(trigger.event)}${trigger.detail === undefined ? "" : ` with ${code(JSON.stringify(trigger.detail))}`}`;
    case "run-ended":
      return "the end of a run of any other domain, well or not";
    case "worker-stopped":
      return "a container of the environment has stopped, well or not";
    case "schedule": {
      const missed = trigger.misfire === "run-once" ? "once after downtime" : "skipped when missed";
      return `${code(trigger.expression)} ${trigger.timeZone}, ${missed}, in ${trigger.environments.join(", ")}`;
    }
  }
}
