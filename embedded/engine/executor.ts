import type { Clock } from "./clock.ts";
import type { Program } from "./definition.ts";
import { EngineError } from "./errors.ts";
import { settle } from "./flow.ts";
import type { Execution } from "./frame.ts";
import type { Ambient } from "./functions.ts";
import type { Journal } from "./journal.ts";
import type { ItemSource } from "./items.ts";
import { type Effect, Run } from "./run.ts";

/** An execution that is running. Its steps happen one after the other. */
export interface Live {
  readonly run: Run;
  tail: Promise<void>;
  cancelTimer: (() => void) | undefined;
  /** What gives up the worker of a frame's present attempt. */
  readonly workers: Map<number, AbortController>;
}

// The step's own promise is for its caller; a journal that fails is reported by `fatal`.
const ignore = (): void => undefined;

interface Host {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ambient: Ambient;
  readonly items: ItemSource;
  perform(live: Live, effect: Effect): void;
  tick(live: Live): Promise<void>;
  ended(live: Live): void;
  fatal(error: Error): void;
}

/** Drives live executions step by step: work, journal, then effects; and wakes each when its next timer is due. */
export class Executor {
  readonly #host: Host;
  readonly #live = new Map<number, Live>();
  readonly #byArn = new Map<string, Live>();
  #busy = 0;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(host: Host) {
    this.#host = host;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#live.size;
  }

  byId(id: number): Live | undefined {
    return this.#live.get(id);
  }

  byArn(arn: string): Live | undefined {
    return this.#byArn.get(arn);
  }

  /** Running executions that a frame of another one waits for. */
  childrenOf(execution: number, frame: number): Execution[] {
    return [...this.#live.values()]
      .map((live) => live.run.execution)
      .filter(({ parent }) => parent?.execution === execution && parent.frame === frame);
  }

  adopt(execution: Execution, program: Program): Live {
    const { journal, ambient, items } = this.#host;
    const live: Live = {
      run: new Run(execution, program, { journal, ambient, items }),
      tail: Promise.resolve(),
      cancelTimer: undefined,
      workers: new Map(),
    };
    this.#live.set(execution.id, live);
    this.#byArn.set(execution.arn, live);
    return live;
  }

  /** Takes up an execution from the journal. */
  load(execution: Execution, program: Program): Live {
    const live = this.adopt(execution, program);
    for (const frame of this.#host.journal.frames(execution.id)) live.run.frames.set(frame.id, frame);
    return live;
  }

  /** Does work on one execution as one durable step. Resolves when the step is on disk; rejects with what `work` threw. */
  post(live: Live, work: () => Promise<void> | void): Promise<void> {
    const step = live.tail.then(async () => {
      if (this.#closed) throw new EngineError("EngineClosed", "The engine is closing; ask again after its next start.");
      let refusal: { readonly error: unknown } | undefined;
      try {
        await work();
      } catch (error) {
        refusal = { error };
      }
      await settle(live.run);
      await this.#persist(live);
      if (refusal !== undefined) throw refusal.error;
    });
    live.tail = step.catch((error: unknown) => {
      if (error instanceof EngineError && error.name === "JournalUnavailable") this.#host.fatal(error);
    });
    this.track(live.tail);
    return step;
  }

  async #persist(live: Live): Promise<void> {
    const { run } = live;
    const { journal, clock } = this.#host;
    const step = run.takeStep();
    if (step.events.length + step.frames.length + step.dropped.length + step.items.length > 0) {
      journal.write(step);
      await journal.commit();
    }
    for (const effect of run.takeEffects()) this.#host.perform(live, effect);
    live.cancelTimer?.();
    live.cancelTimer = undefined;
    const dueMs = run.nextDueMs();
    if (dueMs !== undefined && !this.#closed) {
      live.cancelTimer = clock.schedule(dueMs, () => void this.post(live, () => this.#host.tick(live)).catch(ignore));
    }
    if (run.running || this.#live.get(run.execution.id) !== live) return;
    this.#live.delete(run.execution.id);
    this.#byArn.delete(run.execution.arn);
    for (const worker of live.workers.values()) worker.abort();
    this.#host.ended(live);
  }

  /** Counts as work until it is over. */
  track(work: Promise<unknown>): void {
    this.#busy += 1;
    const done = (): void => {
      this.#busy -= 1;
      if (this.#busy > 0) return;
      for (const resolve of this.#idle.splice(0)) resolve();
    };
    work.then(done, done);
  }

  /** Resolves when nothing is left to do but to wait for timers or task tokens. */
  settled(): Promise<void> {
    return this.#busy === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#live.values()];
    for (const live of all) {
      live.cancelTimer?.();
      for (const worker of live.workers.values()) worker.abort();
    }
    await Promise.all(all.map((live) => live.tail));
  }
}
