import { Failure } from "../../core/model/failures.ts";
import type { Executions, Ledger } from "../../core/io/ports.ts";

/** What becomes of one call: it fails before or after its effect, or its process is killed there. */
export type Fault = "none" | "fails" | "answer-lost" | "killed-before" | "killed-after";

/** Process of one dispatcher: once killed, no call of it has an effect any more. */
export interface Process {
  readonly call: <T>(work: () => Promise<T>) => Promise<T>;
  readonly calls: () => number;
  readonly isKilled: () => boolean;
}

const lost = (): Failure => new Failure("Transient", "No answer.", { code: "no_answer", what: "call" });

/** `next` tells the fate of each call; `turn` is awaited before its effect and before its answer. */
export function processOf(next: (call: number) => Fault, turn: () => Promise<void> = async () => undefined): Process {
  let calls = 0;
  let killed = false;
  const dead = (): never => {
    killed = true;
    throw new Error("killed");
  };
  return {
    calls: () => calls,
    isKilled: () => killed,
    call: async (work) => {
      if (killed) dead();
      calls += 1;
      const fault = next(calls);
      await turn();
      if (killed || fault === "killed-before") dead();
      if (fault === "fails") throw lost();
      const answer = await work();
      if (fault === "killed-after") dead();
      if (fault === "answer-lost") throw lost();
      await turn();
      if (killed) dead();
      return answer;
    },
  };
}

export const ledgerOf = (process: Process, ledger: Ledger): Ledger => ({
  get: (...args) => process.call(() => ledger.get(...args)),
  write: (...args) => process.call(() => ledger.write(...args)),
  query: (...args) => process.call(() => ledger.query(...args)),
});

export const executionsOf = (process: Process, executions: Executions): Executions => ({
  start: (...args) => process.call(() => executions.start(...args)),
  describe: (...args) => process.call(() => executions.describe(...args)),
  redrive: (...args) => process.call(() => executions.redrive(...args)),
  stop: (...args) => process.call(() => executions.stop(...args)),
});
