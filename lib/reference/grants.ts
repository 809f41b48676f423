import type { Pipeline } from "../../core/model/pipeline.ts";
import { ACTIONS, grantTable } from "../constructs/grants.ts";
import { code, listed, page, table } from "./markdown.ts";

/** Who may touch what: the same rows as in the templates of every environment. */
export const grantsPage = (pipelines: readonly Pipeline[]): string => {
  const rows = Map.groupBy(grantTable(pipelines), ({ task }) => task);
  return page(
    "Grants",
    "Permissions are derived from the declarations and from nothing else. Every function may also write its own log group and traces.",
    "## Words",
    table(
      ["can", "is in IAM"],
      Object.entries(ACTIONS).map(([can, actions]) => [can, listed(actions)]),
    ),
    ...[...rows].flatMap(([task, own]) => [
      `## ${task}`,
      table(
        ["can", "on", "where"],
        own.map(({ can, resource, where }) => [can, code(resource), where === "" ? "-" : code(where)]),
      ),
    ]),
  );
};
