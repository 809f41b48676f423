import { PRIORITIES } from "../items/reasons.ts";
import { afterAll, groupPrefix, levelOf, type QueueEntry } from "./queue-entry.ts";

/** One of each queue, then the second of each, and so on; at most `count`. */
export function takeTurns<T>(queues: readonly (readonly T[])[], count: number): T[] {
  const taken: T[] = [];
  for (let round = 0; taken.length < count; round += 1) {
    const before = taken.length;
    for (const queue of queues) {
      const next = queue[round];
      if (next !== undefined && taken.length < count) taken.push(next);
    }
    if (taken.length === before) break;
  }
  return taken;
}

/** The turns after these grants, in the order in which they were made. */
export const turnsAfter = (
  turns: Readonly<Record<string, string>>,
  granted: readonly QueueEntry[],
): Record<string, string> => ({
  ...turns,
  ...Object.fromEntries(granted.map(({ priority, group }) => [levelOf(priority), group])),
});

/**
 * Entries, given in the order of their keys, in the order in which the lane will grant them: by priority, and within a
 * priority one of each group in turn, beginning after the group that had the latest turn.
 */
export function grantOrder(entries: readonly QueueEntry[], turns: Readonly<Record<string, string>>): QueueEntry[] {
  return PRIORITIES.flatMap((priority) => {
    const groups = Map.groupBy(
      entries.filter((entry) => entry.priority === priority),
      ({ group }) => group,
    );
    const turn = turns[levelOf(priority)];
    const isLater = (group: string): boolean =>
      turn !== undefined && groupPrefix(priority, group) > afterAll(groupPrefix(priority, turn));
    const [later, earlier] = [
      [...groups].filter(([group]) => isLater(group)),
      [...groups].filter(([group]) => !isLater(group)),
    ];
    return takeTurns(
      [...later, ...earlier].map(([, queue]) => queue),
      entries.length,
    );
  });
}
