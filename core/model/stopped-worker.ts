import { describeFailure, Failure, type FailureRecord } from "./failures.ts";

/** A container that has stopped, as whoever runs containers tells of it. */
export interface StoppedWorker {
  /** Name of the container: the task's. */
  readonly container: string;
  /** ECS: `EssentialContainerExited`, `SpotInterruption`, `TerminationNotice`, `UserInitiated`, `TaskFailedToStart`. */
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** Absent = it did not exit by itself, or never started. */
  readonly exitCode?: number;
  /** Why this container ended, where that differs from the reason for its task. */
  readonly reason?: string;
  /** Of the state, from 0. */
  readonly attempt: number;
  readonly memoryMb?: number;
}

/** Nothing is wrong with the work: capacity was taken back, or somebody stopped the task. */
const INTERRUPTIONS: ReadonlySet<string> = new Set(["SpotInterruption", "TerminationNotice", "UserInitiated"]);
/** 128 + SIGKILL: the memory limit's doing, for whoever stops a task says so in its stop code. */
const KILLED = 137;

/** What the machine is told in the place of a worker that can tell it nothing any more. */
export function lostWorker(worker: StoppedWorker): FailureRecord {
  const { container, stopCode, stoppedReason, exitCode, reason, attempt, memoryMb } = worker;
  const shared = {
    what: `run the container ${container} to its end`,
    details: { stopCode, stoppedReason, exitCode, reason, memoryMb },
  };
  const why = [stoppedReason, reason, exitCode === undefined ? undefined : `exit code ${exitCode}`]
    .filter((part) => part !== undefined && part !== "")
    .join("; ");
  const stopped = `The worker of ${container} stopped before it had answered (${why === "" ? "no reason given" : why}).`;
  if (INTERRUPTIONS.has(stopCode ?? "")) {
    return describeFailure(new Failure("Transient", `${stopped} It runs again.`, { ...shared, code: "interrupted" }));
  }
  if (exitCode === KILLED) {
    // A task has one declared size, so the same again is tried once: what else ran beside it may have been the cause.
    const again = attempt === 0;
    return describeFailure(
      new Failure(again ? "Transient" : "Misconfigured", `${stopped} It was killed for its memory.`, {
        ...shared,
        code: "worker_out_of_memory",
        hint: again
          ? "It is tried once more."
          : `Raise memoryMb of ${container} in the domain's pipeline.ts and deploy.`,
      }),
    );
  }
  return describeFailure(
    new Failure("Transient", `${stopped} Another attempt may get through.`, {
      ...shared,
      code: stopCode === "TaskFailedToStart" ? "worker_not_started" : "worker_lost",
      hint: "Read the container's log; docs/runbooks/failed-run.md says how.",
    }),
  );
}
