import type { HomeStore } from "../home-store.ts";
import type { Executions, ExecutionView } from "./executions.ts";

export interface LandedObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

export interface Followed {
  /** Of each object, in the order asked: what its landing started; undefined = its event is on its way, or its run waits. */
  readonly objects: readonly (readonly ExecutionView[] | undefined)[];
  /** What those executions and the named ones caused, at any distance, and the named ones themselves. */
  readonly downstream: readonly ExecutionView[];
  readonly settled: boolean;
}

/**
 * Follows landed objects and runs that are named to everything that they have caused: execution, event, execution, and
 * so on. A build that was under way already may have taken over what a chain has marked, so executions of the same
 * machines that ran when the chain ended count as well.
 */
export function follow(
  objects: readonly LandedObject[],
  home: { readonly store: HomeStore; readonly executions: Executions; readonly eventsWaiting: () => boolean },
  runs: readonly string[] = [],
): Followed {
  const { store, executions } = home;
  // Asked first: an event that is handled from here on belongs to an execution that is still running below.
  const eventsWaiting = home.eventsWaiting();
  const describe = (arns: readonly string[]): ExecutionView[] =>
    arns.flatMap((arn) => {
      const found = executions.describe(arn);
      return found === undefined ? [] : [found];
    });
  const first = objects.map(({ bucket, key, versionId }) => {
    const events = store.eventsOfObject(bucket, key, versionId);
    const arns = events.flatMap((event) => event.executions);
    const found = describe(arns);
    return events.length === 0 || found.length < arns.length ? undefined : found;
  });

  const landed = first.flatMap((found) => found ?? []);
  const seen = new Set(landed.map(({ arn }) => arn));
  const downstream: ExecutionView[] = [];
  for (const named of runs.flatMap((run) => executions.find(run) ?? [])) {
    if (seen.has(named.arn)) continue;
    seen.add(named.arn);
    downstream.push(named);
  }
  const queue = [...landed, ...downstream];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const caused of describe(store.eventsCausedBy(next.name).flatMap((event) => event.executions))) {
      if (seen.has(caused.arn)) continue;
      seen.add(caused.arn);
      downstream.push(caused);
      queue.push(caused);
    }
  }

  const all = [...landed, ...downstream];
  const open = all.some(({ status }) => status === "RUNNING") || first.includes(undefined) || eventsWaiting;
  return { objects: first, downstream, settled: !open && !buildersAtWork(downstream, executions) };
}

function buildersAtWork(downstream: readonly ExecutionView[], executions: Executions): boolean {
  const ended =
    downstream
      .map(({ endedAt }) => endedAt ?? "")
      .sort()
      .at(-1) ?? "";
  const machines = new Set(downstream.map(({ machineArn }) => machineArn));
  return [...machines].some((machine) => executions.running(machine).some(({ startedAt }) => startedAt <= ended));
}
