import type { Pipeline } from "../../core/model/pipeline.ts";
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
          ["asset", "partition", "tables", "description"],
          assets.map(({ id, partition, tables, description }) => [code(id), partition, listed(tables), description]),
        ),
      ]),
  );
