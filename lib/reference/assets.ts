import type { Pipeline } from "../../core/model/pipeline.ts";
import { DYNAMIC, type Partitioning } from "../../core/model/partitioning.ts";
import { code, listed, page, table } from "./markdown.ts";

export const assetsPage = (pipelines: readonly Pipeline[]): string =>
  page(
    "Assets",
    "What is produced, under which id, and in which tables of the lake it is found.",
    ...pipelines
      .filter(({ assets }) => assets.length > 0)
      .flatMap(({ domain, assets }) => [
        `## ${domain}`,
        table(
          ["asset", "partition", "keys", "tables", "description"],
          assets.map(({ id, partition, partitioning, tables, description }) => [
            ...[code(id), partition, keysOf(partitioning), listed(tables), description],
          ]),
        ),
      ]),
  );

/** Who adds partitions, and what their keys are. */
function keysOf(partitioning: Partitioning = DYNAMIC): string {
  if (partitioning.kind === "dynamic") return "as they are found";
  if (partitioning.kind === "tuple") return partitioning.dimensions.join(" | ");
  const from = Object.entries(partitioning.from).map(([environment, day]) => `${day} (${environment})`);
  return `each day in ${partitioning.timeZone} from ${from.join(", ")}`;
}
