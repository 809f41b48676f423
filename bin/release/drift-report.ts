import type { DeployedStack, StackDrift } from "../../core/io/aws/stacks.ts";

export interface Checked {
  readonly stack: DeployedStack;
  /** Absent = CloudFormation compares only stacks that are at rest. */
  readonly drift?: StackDrift;
}

/** Drift detection needs a stack that is neither moving nor broken: AWS's guide lists these. */
const AT_REST: ReadonlySet<string> = new Set([
  "CREATE_COMPLETE",
  "UPDATE_COMPLETE",
  "UPDATE_ROLLBACK_COMPLETE",
  "UPDATE_ROLLBACK_FAILED",
]);
export const isAtRest = ({ status }: DeployedStack): boolean => AT_REST.has(status);

/** Everything is as it was deployed, and everything that can be compared was. */
export const isClean = ({ drift }: Checked): boolean =>
  drift !== undefined && drift.drifted.length === 0 && drift.incomplete === undefined;

/** Markdown: one paragraph for every stack, one line for every property that is not as it was deployed. */
export function driftReport(environment: string, checked: readonly Checked[]): string {
  const drifted = checked.reduce((sum, { drift }) => sum + (drift?.drifted.length ?? 0), 0);
  const compared = checked.reduce((sum, { drift }) => sum + (drift?.checked ?? 0), 0);
  return [
    `# Drift of ${environment}: ${drifted} of ${compared} resources are not as they were deployed`,
    ...checked.map(stackLines),
  ].join("\n\n");
}

function stackLines({ stack, drift }: Checked): string {
  if (drift === undefined) {
    const why = stack.statusReason === undefined ? "" : ` (${stack.statusReason})`;
    return `- ${stack.name}: NOT COMPARED, it is ${stack.status}${why}`;
  }
  const lines = drift.drifted.flatMap(({ logicalId, physicalId, type, status, properties }) => [
    `  - ${status} ${type} ${physicalId} (${logicalId})`,
    ...properties.map(({ path, expected, actual }) => `    - \`${path}\`: deployed \`${expected}\`, now \`${actual}\``),
  ]);
  const partly = drift.incomplete === undefined ? [] : [`  - NOT ALL COMPARED: ${drift.incomplete}`];
  return [`- ${stack.name}: ${drift.checked} compared, ${drift.drifted.length} drifted`, ...lines, ...partly].join(
    "\n",
  );
}
