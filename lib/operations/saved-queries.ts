import { Stack } from "aws-cdk-lib";
import { CfnQueryDefinition, LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Names } from "../environment.ts";

/** Logs Insights looks at so many groups in one query. */
const MOST_GROUPS = 50;

const QUERIES = {
  "one-run": `# Every line of one run: put the execution's name in the place of RUN.
fields @timestamp, coalesce(service, type) as step, level, coalesce(message, details.name) as line, failure.class, failure.code
| filter run = "RUN" or execution_arn like /:RUN$/
| sort @timestamp asc
| limit 10000`,
  "errors-by-code": `# What fails, most often first.
filter level = "ERROR"
| stats count(*) as times, max(@timestamp) as latest by service, failure.class, failure.code
| sort times desc`,
  "ended-by-lambda": `# Calls that Lambda ended itself (time-out, too little memory), and what they had used.
filter type = "platform.report" and record.status != "success"
| fields @timestamp, @log, record.status, record.metrics.durationMs, record.metrics.maxMemoryUsedMB, record.metrics.memorySizeMB
| sort @timestamp desc`,
} as const;

/**
 * Logs Insights queries over every log group of a domain. They are in the domain's stack and not in the platform's,
 * which is deployed before there are groups to name.
 */
export function savedQueries(scope: Construct, names: Names, domain: string): void {
  const groups = Stack.of(scope)
    .node.findAll()
    .filter((one) => one instanceof LogGroup);
  if (groups.length > MOST_GROUPS)
    throw new Error(`${domain} has ${groups.length} log groups; a query takes ${MOST_GROUPS}. Split the domain.`);
  for (const [id, queryString] of Object.entries(QUERIES)) {
    new CfnQueryDefinition(scope, id, {
      name: `${names.machine(domain)}/${id}`,
      logGroupNames: groups.map(({ logGroupName }) => logGroupName),
      queryString,
    });
  }
}
