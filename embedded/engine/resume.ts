import type { TaskWait } from "./frame.ts";
import type { Run } from "./run.ts";
import { restartChildren } from "./states/distributed.ts";
import { attemptId } from "./tasks.ts";
import { failTask } from "./workers.ts";

/**
 * Takes an execution up after the engine was gone: timers go on by their due time, calls that may be repeated are
 * made again, as is work that still waited for a worker; every other attempt has lost its worker and obeys Retry.
 */
export async function resumeRun(run: Run, wasStarted: (attemptId: string) => boolean): Promise<void> {
  for (const frame of [...run.frames.values()]) {
    if (frame.halted || !run.frames.has(frame.id)) continue;
    if (frame.phase === "enter" || frame.phase === "run") run.ready(frame, frame.phase);
    if (frame.fan?.run !== undefined && frame.phase === "fan") restartChildren(run, frame);
    const state = run.state(frame);
    if (frame.phase !== "task" || state.type !== "Task") continue;
    const { resource } = state;
    const isWaiting = !wasStarted(attemptId(run.execution, { frame: frame.id, attempt: frame.attempt }));
    if (isWaiting && frame.task !== undefined) frame.task = restartTimers(frame.task, run.ambient.now());
    if (isWaiting || resource.service === "states" || resource.service === "events") {
      run.effects.push({ kind: "task", frame: frame.id, attempt: frame.attempt, state: frame.state, resource });
      continue;
    }
    // A function lost in flight is a fault of the Lambda service; any other worker is simply gone.
    const lambda = resource.service === "lambda" && frame.task?.token === undefined;
    await failTask(run, frame, lambda ? "Lambda.ServiceException" : "Transient", workerLost(frame.state));
  }
}

/** The time without an engine is not the worker's. */
const restartTimers = (task: TaskWait, now: number): TaskWait => ({
  ...task,
  timeoutMs: task.timeoutSeconds === undefined ? undefined : now + task.timeoutSeconds * 1000,
  heartbeatMs: task.heartbeatMs === undefined ? undefined : now + (task.heartbeatSeconds ?? 0) * 1000,
});

const workerLost = (state: string): string =>
  JSON.stringify({
    class: "Transient",
    code: "worker_lost",
    what: `run ${state}`,
    message: `The worker of ${state} was lost when the engine stopped. Retrying may clear this.`,
    retryable: true,
  });
