import type { Bus, Executions, Ledger, Objects, Secrets, TaskTokens } from "./ports.ts";

/** Ports whose adapter is loaded at the first call, once. Written out, so that the compiler sees every method. */

type Load<P> = () => Promise<P>;

/** A load that failed is not kept: the next call tries again. */
function once<P>(load: Load<P>): Load<P> {
  let loaded: Promise<P> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

export function lazyObjects(load: Load<Objects>): Objects {
  const port = once(load);
  return {
    put: async (...args) => (await port()).put(...args),
    movesFiles: async () => (await port()).movesFiles(),
    head: async (...args) => (await port()).head(...args),
    get: async (...args) => (await port()).get(...args),
    list: async (...args) => (await port()).list(...args),
    withFile: async (ref, use) => (await port()).withFile(ref, use),
    sqlUri: async (...args) => (await port()).sqlUri(...args),
    beginUpload: async (...args) => (await port()).beginUpload(...args),
    putPart: async (...args) => (await port()).putPart(...args),
    completeUpload: async (...args) => (await port()).completeUpload(...args),
    copy: async (...args) => (await port()).copy(...args),
  };
}

export function lazyLedger(load: Load<Ledger>): Ledger {
  const port = once(load);
  return {
    get: async (...args) => (await port()).get(...args),
    write: async (...args) => (await port()).write(...args),
    query: async (...args) => (await port()).query(...args),
  };
}

export function lazyBus(load: Load<Bus>): Bus {
  const port = once(load);
  return { publish: async (...args) => (await port()).publish(...args) };
}

export function lazySecrets(load: Load<Secrets>): Secrets {
  const port = once(load);
  return { read: async (...args) => (await port()).read(...args) };
}

export function lazyTokens(load: Load<TaskTokens>): TaskTokens {
  const port = once(load);
  return {
    succeed: async (...args) => (await port()).succeed(...args),
    fail: async (...args) => (await port()).fail(...args),
    heartbeat: async (...args) => (await port()).heartbeat(...args),
  };
}

export function lazyExecutions(load: Load<Executions>): Executions {
  const port = once(load);
  return {
    start: async (...args) => (await port()).start(...args),
    describe: async (...args) => (await port()).describe(...args),
    redrive: async (...args) => (await port()).redrive(...args),
    stop: async (...args) => (await port()).stop(...args),
  };
}
