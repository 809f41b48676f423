import { statusChange, type StatusChange } from "./description.ts";
import type { Execution } from "./frame.ts";
import type { Journal } from "./journal.ts";

export type Listener = (change: StatusChange) => void | Promise<void>;

/** Tells the host of every status, at least once: what was not heard is told again at the next start. */
export class Announcer {
  readonly #journal: Journal;
  readonly #listener: Listener | undefined;
  readonly #queues = new Map<number, Promise<void>>();
  #closed = false;

  constructor(journal: Journal, listener: Listener | undefined) {
    this.#journal = journal;
    this.#listener = listener;
  }

  async announceMissed(): Promise<void> {
    if (this.#listener === undefined) return;
    for (const execution of this.#journal.toAnnounce()) await this.#tell(execution);
  }

  /** Statuses of one execution are told in order. */
  announce(execution: Execution): Promise<void> {
    if (this.#listener === undefined) return Promise.resolve();
    const snapshot = { ...execution };
    const told = (this.#queues.get(execution.id) ?? Promise.resolve()).then(() => this.#tell(snapshot));
    this.#queues.set(execution.id, told);
    return told.finally(() => {
      if (this.#queues.get(execution.id) === told) this.#queues.delete(execution.id);
    });
  }

  async #tell(execution: Execution): Promise<void> {
    if (this.#closed) return;
    // Children of a Map Run are the business of their parent.
    if (execution.mapRunArn === undefined) {
      try {
        await this.#listener?.(statusChange(execution));
      } catch {
        return;
      }
    }
    if (!this.#closed) this.#journal.markAnnounced(execution.id, execution.status);
  }

  close(): void {
    this.#closed = true;
  }
}
