import { GROUPS, VERBS } from "./program.ts";
import type { Verb } from "./verb.ts";

/** What checks and scripts rely on: these shapes change only by additions. */
const SHAPES: Readonly<Record<string, string>> = {
  land: `{"objects":[{"key","sha256","bytes","run","status","lines","rows","quarantined","blank","deduplicated","error"}]}

For course archives \`counts\` (number of blocks by type) takes the place of the counts of lines.
\`status\` is \`landed\` without \`--wait\`; with it the status of the run, \`queued\` when none has started yet, or \`ignored\` when no trigger matches the key.
\`deduplicated\`: these bytes had been accounted for before, and nothing was loaded. Exit code 1 when a run has failed or the time is over.`,
  runs: `[{"id","domain","job","status","trigger","partition","startedAt","endedAt","error":{"name","code","message"}|null}]

Newest first. \`status\` is one of queued, running, succeeded, failed, cancelled.`,
  "run show": `the fields of \`runs\`, and {"arn","input","output","steps":[{"state","attempt","data"}],"history":[…]}

\`history\` has the events that AWS's GetExecutionHistory returns, with times in ISO 8601.`,
  query: `an array of row objects

Tables are \`raw.<table>\`, \`staging.<model>\`, \`intermediate.<model>\`, \`marts.<model>\`, \`reporting.<model>\`.
Integers beyond 2^53 and decimals are text, digit for digit; dates and times are text in UTC.`,
  assets: `[{"asset","partition","dataVersion","codeVersion","tables","counts","commits","runId","materializedAt"}]`,
  deliveries: `[{"url","signatureValid","body","version","deliveredAt","attempts","state"}]

\`signatureValid\` is what our own inbox found; null when the webhook went to another receiver.`,
  alerts: `[{"id","at","kind","pipeline","partition","step","class","errorName","status","reason","sentAt","lastError","event"}]

Newest first. \`status\` is one of sent, counted (the next message carries it), waiting, not sent; \`reason\` says why.`,
  "quarantine list": `[{"sourceKey","line","byteOffset","byteLength","reason","sha256"}]`,
  "schedules list": `[{"id","domain","job","expression","timeZone","misfire","overlap","declared","state","why","override","next","lastTick"}]

\`declared\` is what the code says for this environment, \`state\` what holds now: on or off.
\`override\` is {"schedule","state","author","reason","until","setAt"} or null; \`next\` as in \`schedules preview\`, \`lastTick\` as in \`schedules ticks\`, or null.`,
  "schedules ticks": `{"ticks":[{"schedule","scheduledTime","outcome","why","decidedAt","start"}],"next":…|null}

\`outcome\` is one of started, skipped: off, skipped: overlap, skipped: misfire. \`start\` is the run that the decision started, if any.`,
  "schedules preview": `[{"scheduledTime","local","outcome","why","start"}]

\`scheduledTime\` in UTC, \`local\` in the schedule's zone with its offset.`,
  "partitions list": `{"asset","counts":{"in_progress","failed","missing","stale","materialised","retired"},"items":[{"partition","parts","status","since","class","run","dataVersion","order":{"author","reason","at"}}],"next":…|null}

In byte order of the partition. \`since\` in epoch milliseconds; of a failure, of the first one since the latest success. \`--after\` takes \`next\`.
\`parts\` only of tuples; \`order\` where an operator has added, retired or returned it.`,
  "partitions add": `{"asset","results":[{"partition","outcome":"added|returned|there"}]}`,
  "partitions retire": `{"asset","results":[{"partition","outcome":"retired|there|in-progress"}]}

Exit code 1 when work of one is in flight: it is left alone.`,
  "partitions confirm": `{"asset","confirmation":{"removals","author","reason","at"}}`,
  failures: `[{"asset","failedPartitions","sample":[{"partition","class","firstFailureAt","lastFailureAt","ageMs"}],"sampleTruncated","byClass","byClassOf","oldestAt","recovery"}]

Assets without a failure are left out. \`failedPartitions\` counts all, \`sample\` has at most 20; \`byClass\` counts the first \`byClassOf\`.`,
  reconcile: `{"listed","known","requested","skipped","failed","finished","open":[…],"failing":[{"upstream","error"}],"lagMs"}

Objects of this round, by what became of them. Exit code 1 when a prefix could not be listed to its end; the clock goes on with it.`,
  rerun: `{"asset","partition","run","waits"}, with \`--failed\` {"backfill":{…}}

\`run\` is null when a run is in flight that this one follows.`,
  cancel: `{"run","cancelled":"withdrawn|stopping"}`,
  "backfill plan": `{"asset","selection","mode","total","leftOut":{"materialised","in_progress","retired","no-input"},"sample":[…],"lane","slots","estimate":{"milliseconds","sample"}}

Without \`estimate.milliseconds\` nobody knows how long a run takes.`,
  "backfill start": `{"id","asset","selection","mode","author","createdAt","total","fed","outcomes":{"succeeded","failed","cancelled","skipped"},"state","since","by"}

\`state\` is one of running, paused, cancelled, finished; so for \`list\` (an array), \`pause\`, \`resume\` and \`cancel\`.`,
  "backfill show": `the fields of \`backfill start\`, and {"progress":{"waiting","queued","running","succeeded","failed","cancelled","skipped"},"failed":[{"partition","outcome","at","run","class","code","message"}],"failedTruncated"}`,
  "lanes list": `[{"id","domain","slots","running":[{"name","domain","fence","grantedAt","until"}],"closed":{"class","reason","since"}|null,"waiting":{"count","more"},"oldestMs","queue":[{"name","priority","group","asset","partition","since","behind","reason":{"why",…}}]}]

\`queue\` has the first 50, in the order in which they will be granted.`,
  lake: `{"catalogUri","warehouse","properties":{}}

\`properties\` are those that pyiceberg's \`load_catalog\` takes.`,
  doctor: `[{"check","ok","detail","fix"}]`,
  "asl run": `{"status":"SUCCEEDED|FAILED|TIMED_OUT|ABORTED","output","error","cause","history":[…]}`,
};

const INTRO = `# Command line

\`npx millrace <verb>\` steers the engine of one state folder (\`.millrace/\` in the repository, \`--state DIR\` or \`$MILLRACE_STATE\`).
A verb that needs the engine starts one in the background when none runs.
Verbs with \`--environment\` (\`--env\`, or \`$MILLRACE_ENVIRONMENT\`) act on that environment in AWS instead, with the credentials that AWS's tools
would use; the others then refuse. What an operator needs: [deploy.md](../deploy.md#who-may-operate-it).

With \`--json\` a verb prints exactly one JSON document on stdout; progress and remarks go to stderr.
An error is then \`{"error":{"name","code","message","hint"}}\`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a run has failed, or the engine cannot do it |
| 2 | wrong arguments or unreadable input: nothing has happened |
`;

/** `docs/reference/cli.md`, from the table of verbs. */
export function cliPage(): string {
  const groups = Object.entries(GROUPS).flatMap(([group, { verbs }]) =>
    verbs.map((verb) => section(verb, `${group} `)),
  );
  return [INTRO, ...VERBS.map((verb) => section(verb, "")), ...groups].join("\n");
}

function section({ usage, summary, options = [], home, examples }: Verb, group: string): string {
  const name = `${group}${usage.split(" ")[0] ?? ""}`;
  const shape = SHAPES[name];
  return [
    `## ${group}${usage}\n\n${summary}.\n`,
    ...(options.length === 0
      ? []
      : [
          `| option | meaning |\n|---|---|\n${options.map(([flags, text]) => `| \`${flags}\` | ${text.replaceAll("|", "\\|")} |`).join("\n")}\n`,
        ]),
    ...(home === "either" ? [`Acts on the engine of this machine, or with \`--environment\` on one in AWS.\n`] : []),
    ...(shape === undefined ? [] : [`\`--json\`: ${shape}\n`]),
    `\`\`\`sh\n${examples.map((line) => `npx millrace ${line}`).join("\n")}\n\`\`\`\n`,
  ].join("\n");
}
