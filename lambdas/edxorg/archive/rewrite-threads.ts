import type { Rewritten, TableWork } from "./rewrite-messages.ts";
import { RewriteThread } from "./rewrite-thread.ts";

/** A large table keeps one of them busy; the small ones behind it go to the other. */
const THREADS = 2;

interface Started {
  readonly thread: RewriteThread;
  /** Of tables that were begun and are not done, as they come. */
  pendingBytes: number;
}

/** Threads that rewrite tables, started when there is the first for them. */
export class RewriteThreads {
  readonly #started: Started[] = [];

  /** Gives the table of so many bytes to the thread that has the least to do. It resolves when all `chunks` are given. */
  async rewrite(
    work: TableWork,
    bytes: number,
    chunks: AsyncIterable<Buffer>,
  ): Promise<{ readonly rewritten: Promise<Rewritten> }> {
    const taken = this.#leastBusy();
    taken.pendingBytes += bytes;
    const free = (): void => void (taken.pendingBytes -= bytes);
    try {
      const begun = await taken.thread.rewrite(work, chunks);
      begun.rewritten.then(free, free);
      return begun;
    } catch (error) {
      free();
      throw error;
    }
  }

  /** What is under way is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#started.map(({ thread }) => thread.close()));
  }

  #leastBusy(): Started {
    const [least] = this.#started.toSorted((one, other) => one.pendingBytes - other.pendingBytes);
    if (least !== undefined && (least.pendingBytes === 0 || this.#started.length === THREADS)) return least;
    const started = { thread: new RewriteThread(), pendingBytes: 0 };
    this.#started.push(started);
    return started;
  }
}
