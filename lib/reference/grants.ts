import type { OriginDeclarations } from "../../core/model/origins.ts";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { ACTIONS, grantTable } from "../constructs/grants.ts";
import { EXECUTION_ROLE, WIDE, WITHOUT_SOURCE, withoutResource } from "../checks/policy/exceptions.ts";
import { code, listed, page, table } from "./markdown.ts";

/** Who may touch what: the same rows as in the templates of every environment, with the origins of one. */
export const grantsPage = (pipelines: readonly Pipeline[], origins: OriginDeclarations): string => {
  const rows = Map.groupBy(grantTable(pipelines, origins), ({ task }) => task);
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
    "## Exceptions",
    "Everything else in the templates names what it may touch; `test/policy` fails on a wildcard that is not listed here.",
    "### Actions for which AWS accepts only `*`",
    table(
      ["action", "says"],
      withoutResource().map(({ action, reference }) => [code(action), reference]),
    ),
    "### Wildcards before anything of the environment is named",
    table(
      ["action", "why"],
      Object.entries(WIDE).map(([action, reason]) => [code(action), reason]),
    ),
    "### Services that may take a role without saying for whose resource",
    table(
      ["service", "why"],
      [...Object.entries(WITHOUT_SOURCE), ["ecs-tasks.amazonaws.com", EXECUTION_ROLE] as const].map(
        ([service, reason]) => [code(service), reason],
      ),
    ),
  );
};
