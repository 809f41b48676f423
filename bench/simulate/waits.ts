import { PRIORITIES, type Priority } from "../../core/model/items/reasons.ts";
import type { QueueEntry } from "../../core/model/lanes/queue-entry.ts";
import { quantile } from "../machine.ts";

/** How long runs have waited for their slots, in milliseconds. */
export class Waits {
  readonly #byPriority = new Map<Priority, number[]>();
  readonly #longest = new Map<string, number>();

  granted({ priority, group, since }: QueueEntry, now: number): void {
    const ms = Math.max(0, now - since);
    const known = this.#byPriority.get(priority);
    if (known === undefined) this.#byPriority.set(priority, [ms]);
    else known.push(ms);
    const kind = `${priority} ${group}`;
    if (ms >= (this.#longest.get(kind) ?? 0)) this.#longest.set(kind, ms);
  }

  quantiles(shares: readonly number[]): { priority: Priority; runs: number; ms: readonly number[] }[] {
    return PRIORITIES.flatMap((priority) => {
      const waits = this.#byPriority.get(priority);
      if (waits === undefined) return [];
      const sorted = Float64Array.from(waits).sort();
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      return [{ priority, runs: waits.length, ms: shares.map(at) }];
    });
  }

  /** Of all priorities together. */
  overall(share: number): number {
    const all = [...this.#byPriority.values()].flat();
    return all.length === 0 ? 0 : quantile(all, share);
  }

  /** By priority and group, longest first. */
  longest(count: number): { kind: string; ms: number }[] {
    return [...this.#longest]
      .map(([kind, ms]) => ({ kind, ms }))
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, count);
  }
}
