import type { FoundWorker } from "./aws/workers.ts";
import type { Settings } from "./settings.ts";

/** A container by its ARN. On one machine the engine itself has its workers' ends, and there is none to be found. */
export async function findWorker({ embedded }: Settings, worker: string): Promise<FoundWorker | undefined> {
  if (embedded !== undefined) return undefined;
  return (await import("./aws/workers.ts")).findWorker(worker);
}
