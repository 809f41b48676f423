import type { Run } from "./run.ts";
import { restartChildren } from "./states/distributed.ts";
import { failTask } from "./workers.ts";

/**
 * Takes an execution up after the engine was gone: timers go on by their due time, calls that may be repeated are
 * made again, every other attempt in flight has lost its worker and obeys Retry.
 */
export async function resumeRun(run: Run): Promise<void> {
  for (const frame of [...run.frames.values()]) {
    if (frame.halted || !run.frames.has(frame.id)) continue;
    if (frame.phase === "enter" || frame.phase === "run") run.ready(frame, frame.phase);
    if (frame.fan?.run !== undefined && frame.phase === "fan") restartChildren(run, frame);
    const state = run.state(frame);
    if (frame.phase !== "task" || state.type !== "Task") continue;
    const { resource } = state;
    if (resource.service === "states" || resource.service === "events") {
      run.effects.push({ kind: "task", frame: frame.id, attempt: frame.attempt, state: frame.state, resource });
      continue;
    }
    // A function lost in flight is a fault of the Lambda service; any other worker is simply gone.
    const lambda = resource.service === "lambda" && frame.task?.token === undefined;
    await failTask(run, frame, lambda ? "Lambda.ServiceException" : "Transient", workerLost(frame.state));
  }
}

const workerLost = (state: string): string =>
  JSON.stringify({
    class: "Transient",
    code: "worker_lost",
    what: `run ${state}`,
    message: `The worker of ${state} was lost when the engine stopped. Retrying may clear this.`,
    retryable: true,
  });
