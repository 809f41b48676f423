import { PRIORITIES, type Priority } from "../../core/model/items/reasons.ts";
import { afterAll, groupPrefix, levelOf, type QueueEntry } from "../../core/model/lanes/queue-entry.ts";
import { takeTurns } from "../../core/model/lanes/turns.ts";

interface Group {
  readonly name: string;
  readonly key: string;
  /** In order; those before `head` have left. */
  entries: QueueEntry[];
  head: number;
}

/** The queue of one lane as core/io/lane-queue.ts reads it, kept in memory in the order of its keys. */
export class LaneQueue {
  readonly #levels = new Map<Priority, Group[]>(PRIORITIES.map((priority) => [priority, []]));
  size = 0;

  add(entry: QueueEntry): void {
    const { entries, head } = this.#group(entry);
    let at = entries.push(entry) - 1;
    for (; at > head; at -= 1) {
      const before = entries[at - 1];
      if (before === undefined || !isBefore(entry, before)) break;
      entries[at] = before;
    }
    entries[at] = entry;
    this.size += 1;
  }

  remove(entry: QueueEntry): void {
    const group = this.#group(entry);
    const at = group.entries.indexOf(entry, group.head);
    if (at < 0) throw new Error(`${entry.name} has left its queue already.`);
    if (at === group.head) group.head += 1;
    else group.entries.splice(at, 1);
    this.size -= 1;
    if (group.head > 1_000 && group.head * 2 > group.entries.length) {
      group.entries = group.entries.slice(group.head);
      group.head = 0;
    }
  }

  /** As `nextGrants`: by priority, one of each group in turn, beginning after the group that had the latest turn. */
  next(turns: Readonly<Record<string, string>>, count: number): QueueEntry[] {
    const taken: QueueEntry[] = [];
    for (const [priority, groups] of this.#levels) {
      if (taken.length >= count) break;
      const waiting = groups.filter(({ entries, head }) => entries.length > head);
      if (waiting.length === 0) continue;
      const turn = turns[levelOf(priority)];
      const last = turn === undefined ? undefined : afterAll(groupPrefix(priority, turn));
      const isLater = ({ key }: Group): boolean => last !== undefined && key > last;
      const order = [...waiting.filter(isLater), ...waiting.filter((group) => !isLater(group))];
      const queues = order.map(({ entries, head }) => entries.slice(head, head + count));
      taken.push(...takeTurns(queues, count - taken.length));
    }
    return taken;
  }

  #group({ priority, group }: QueueEntry): Group {
    const groups = this.#levels.get(priority) ?? [];
    const known = groups.find(({ name }) => name === group);
    if (known !== undefined) return known;
    const made: Group = { name: group, key: groupPrefix(priority, group), entries: [], head: 0 };
    groups.push(made);
    groups.sort((a, b) => (a.key < b.key ? -1 : 1));
    return made;
  }
}

const isBefore = (a: QueueEntry, b: QueueEntry): boolean =>
  a.since < b.since || (a.since === b.since && a.name < b.name);
