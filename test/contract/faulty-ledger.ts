import { Failure } from "../../core/model/failures.ts";
import type { Ledger } from "../../core/io/ports.ts";

export type Fault = "before" | "after";

/**
 * A ledger for a process that is killed at its n-th write (from 1): the write is not made, or is made and its answer is
 * lost, and nothing is written after it.
 */
export function faultyLedger(ledger: Ledger, n: number, fault: Fault): Ledger & { writes(): number } {
  let writes = 0;
  return {
    ...ledger,
    write: async (batch) => {
      writes += 1;
      const mine = writes;
      if (mine > n || (mine === n && fault === "before")) throw gone();
      await ledger.write(batch);
      if (mine === n) throw gone();
    },
    writes: () => writes,
  };
}

const gone = (): Failure =>
  new Failure("Transient", "The ledger gave no answer.", { code: "no_answer", what: "write to the ledger" });
