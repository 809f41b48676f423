import type { Compute, ObjectAccess, Pipeline } from "../../core/model/pipeline.ts";
import { code, listed, page, table } from "./markdown.ts";

/** Every step that runs code: where its code is, on what it runs, what it touches. */
export const tasksPage = (pipelines: readonly Pipeline[]): string =>
  page(
    "Tasks",
    "The name of a task is its state, its function or container, its metric and its label in the console.",
    ...pipelines.flatMap(({ domain, tasks }) => [
      `## ${domain}`,
      table(
        ["task", "does", "code", "runs on", "reads", "writes", "secrets", "publishes", "lanes"],
        Object.entries(tasks).map(([name, task]) => [
          `**${name}**`,
          task.description,
          code(`lambdas/${task.handler}.ts`),
          computeText(task.compute) + (task.duckdb === true ? ", DuckDB" : ""),
          listed([...(task.reads ?? []).map(place), ...namespaces(task.lake?.reads)]),
          listed([
            ...(task.writes ?? []).map(place),
            ...namespaces(task.lake?.writes),
            ...(task.ledger === "write" ? ["ledger"] : []),
          ]),
          listed(task.secrets ?? []),
          listed(task.publishes ?? []),
          listed(task.lanes ?? []),
        ]),
      ),
    ]),
  );

const place = ({ bucket, prefix }: ObjectAccess): string => `${bucket}/${prefix}`;

const namespaces = (names: readonly string[] | undefined): readonly string[] =>
  (names ?? []).map((name) => `${name}.*`);

function computeText(compute: Compute): string {
  const limit = `${compute.memoryMb} MB, at most ${compute.timeoutSeconds} s`;
  if (compute.kind === "lambda")
    return `Lambda, ${limit}${compute.diskMb === undefined ? "" : `, ${compute.diskMb} MB disk`}`;
  return (
    `Fargate ${code(compute.container)}, ${compute.cpuUnits / 1024} vCPU, ${limit}, ${compute.diskGb} GB disk, ` +
    `heartbeat ${compute.heartbeatSeconds} s, ${compute.spot === false ? "on demand" : "spot at first"}`
  );
}
