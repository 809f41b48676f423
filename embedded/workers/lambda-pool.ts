import type { LambdaFunction } from "../assembly/functions.ts";
import type { Surroundings } from "./environment.ts";
import { startLambdaWorker, type LambdaWorker } from "./lambda-worker.ts";
import { logIsFull } from "./log-file.ts";
import { createSlots } from "./slots.ts";
import { TaskError } from "../engine/errors.ts";

/** Long enough to stay warm between the steps of a run, short enough to give the memory back. */
const IDLE_MS = 60_000;
/** Lambda's limit for a synchronous payload and for its answer. */
const PAYLOAD_MAX_BYTES = 6 * 1024 * 1024;

export interface LambdaPool {
  /**
   * Runs a function once; `functionArn` may have a version or be a bare name. `onStart` is called when its turn has come,
   * what it returns when the call has ended. Throws TaskError.
   */
  invoke(functionArn: string, payload: unknown, signal: AbortSignal, onStart: () => () => void): Promise<unknown>;
  readonly busy: number;
  readonly waiting: number;
  stop(): void;
}

interface Idle {
  readonly worker: LambdaWorker;
  readonly timer: NodeJS.Timeout;
}

export function createLambdaPool(options: {
  readonly functions: readonly LambdaFunction[];
  readonly surroundings: Surroundings;
  /** Calls at a time over all functions. */
  readonly concurrency: number;
}): LambdaPool {
  const { functions, surroundings } = options;
  const slots = createSlots(options.concurrency, Math.ceil(options.concurrency / 2));
  const idle = new Map<string, Idle[]>();
  const all = new Set<LambdaWorker>();

  const find = (reference: string): LambdaFunction => {
    const name = reference.startsWith("arn:") ? (reference.split(":")[6] ?? "") : (reference.split(":")[0] ?? "");
    const found = functions.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new TaskError("Lambda.ResourceNotFoundException", `Function not found: ${reference}`);
  };
  const takeWorker = (declared: LambdaFunction): LambdaWorker => {
    for (let entry = idle.get(declared.name)?.pop(); entry !== undefined; entry = idle.get(declared.name)?.pop()) {
      clearTimeout(entry.timer);
      if (entry.worker.alive) return entry.worker;
      all.delete(entry.worker);
    }
    const worker = startLambdaWorker(declared, surroundings);
    all.add(worker);
    return worker;
  };
  const giveBack = (declared: LambdaFunction, worker: LambdaWorker): void => {
    if (!worker.alive || logIsFull(surroundings.stateDir, declared.name)) {
      worker.kill();
      all.delete(worker);
      return;
    }
    const entry: Idle = {
      worker,
      timer: setTimeout(() => {
        idle.set(
          declared.name,
          (idle.get(declared.name) ?? []).filter((other) => other !== entry),
        );
        worker.kill();
        all.delete(worker);
      }, IDLE_MS),
    };
    entry.timer.unref();
    idle.set(declared.name, [...(idle.get(declared.name) ?? []), entry]);
  };

  return {
    async invoke(functionArn, payload, signal, onStart) {
      const declared = find(functionArn);
      if (Buffer.byteLength(JSON.stringify(payload ?? null)) > PAYLOAD_MAX_BYTES) {
        throw new TaskError("Lambda.RequestTooLargeException", "Request must be smaller than 6291456 bytes.");
      }
      const release = await slots.take(declared.name, signal);
      const onEnd = onStart();
      const worker = takeWorker(declared);
      try {
        return await worker.invoke(payload, declared.timeoutSeconds * 1000, signal);
      } finally {
        giveBack(declared, worker);
        onEnd();
        release();
      }
    },
    get busy() {
      return slots.used;
    },
    get waiting() {
      return slots.waiting;
    },
    stop() {
      for (const worker of all) worker.kill();
      for (const entry of [...idle.values()].flat()) clearTimeout(entry.timer);
    },
  };
}
