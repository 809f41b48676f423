import type { Change } from "./compare.ts";
import { isLoss } from "./compare.ts";
import type { PermissionChange } from "./permissions.ts";

export interface Comparison {
  readonly environment: string;
  /** In words: "what is deployed in 123456789012, us-east-1". */
  readonly against: string;
  readonly changes: readonly Change[];
  readonly permissions: readonly PermissionChange[];
  /** Stacks that are deployed and no longer described: a deploy leaves them alone. */
  readonly abandoned: readonly string[];
}

/** A page longer than this is not read. `--all` lifts it. */
const MAX_LINES = 60;
const MAX_PATHS = 6;
const KINDS = ["replaced", "removed", "changed", "added"] as const;

/** Markdown that reads in a terminal and in the summary of a job: losses first, then permissions, then the rest. */
export function report({ environment, against, changes, permissions, abandoned }: Comparison, all: boolean): string {
  const losses = changes.filter(isLoss);
  const limited = all ? Number.POSITIVE_INFINITY : MAX_LINES;
  const others = KINDS.flatMap((kind) => changes.filter((change) => change.kind === kind && !isLoss(change)));
  return [
    `# Deploying ${environment}, compared with ${against}`,
    changes.length === 0 ? "No resource changes." : counts(changes),
    section(
      `!!! DATA AT RISK: ${losses.length}`,
      losses.map((change) => `- **${loss(change)}**`),
      Number.POSITIVE_INFINITY,
    ),
    section(
      `Permissions: ${permissions.filter(({ sign }) => sign === "+").length} more, ${permissions.filter(({ sign }) => sign === "-").length} fewer`,
      permissions.map(({ sign, stack, text }) => `- \`${sign}\` ${stack}: \`${text}\``),
      limited,
    ),
    section(
      "Resources",
      others.map((change) => `- ${line(change)}`),
      limited,
    ),
    section(
      "Deployed, but described no more",
      abandoned.map(
        (name) => `- ${name}: a deploy leaves it alone; docs/deploy.md, "Removing a domain", takes it away.`,
      ),
      limited,
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function counts(changes: readonly Change[]): string {
  const stacks = [...new Set(changes.map(({ stack }) => stack))];
  const rows = stacks.map((stack) => {
    const of = (kind: Change["kind"]): number =>
      changes.filter((change) => change.stack === stack && change.kind === kind).length;
    return `| ${stack} | ${of("added")} | ${of("changed")} | ${of("replaced")} | ${of("removed")} |`;
  });
  return ["| stack | added | changed | replaced | removed |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

function section(title: string, lines: readonly string[], limit: number): string {
  if (lines.length === 0) return "";
  const rest = lines.length > limit ? [`- … and ${lines.length - limit} more; \`--all\` shows them.`] : [];
  return [`## ${title}`, "", ...lines.slice(0, limit), ...rest].join("\n");
}

function loss(change: Change): string {
  const what = `${change.type} ${change.name} (${change.stack})`;
  const guards = change.guardsLost.length === 0 ? "" : ` It loses its protection: ${change.guardsLost.join(", ")}.`;
  if (change.kind === "replaced")
    return `REPLACED: ${what}, because of ${change.paths.join(", ")}. A new, empty one is made; the old one is ${change.fate}.${guards}`;
  if (change.kind === "removed") return `REMOVED: ${what}. It is ${change.fate}.${guards}`;
  return `UNGUARDED: ${what}.${guards}`;
}

function line({ kind, type, name, stack, paths, fate }: Change): string {
  const shown = paths.length > MAX_PATHS ? [...paths.slice(0, MAX_PATHS), `${paths.length - MAX_PATHS} more`] : paths;
  const detail = shown.length === 0 ? "" : `: ${shown.join(", ")}`;
  const old = fate === undefined || fate === "deleted" ? "" : ` (the old one is ${fate})`;
  return `${kind} ${type} ${name} in ${stack}${detail}${old}`;
}
