import { EngineError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import type { Run } from "./run.ts";
import { redriveMapRun } from "./states/distributed.ts";

/**
 * Continues an ended execution from where it failed: what succeeded stays, every unfinished state runs again with
 * fresh retries, and of a Map or Parallel only what did not finish. Throws `ExecutionNotRedrivable`.
 */
export function redriveRun(run: Run): void {
  const { execution } = run;
  const root = [...run.frames.values()].find((frame) => frame.parent === undefined);
  if (execution.status === "RUNNING" || execution.status === "SUCCEEDED" || root === undefined) {
    throw new EngineError("ExecutionNotRedrivable", `Execution is ${execution.status} and cannot be redriven`);
  }
  const { timeoutSeconds } = run.program;
  const now = run.ambient.now();
  execution.status = "RUNNING";
  execution.redriveCount += 1;
  execution.redriveMs = now;
  execution.stopMs = undefined;
  execution.error = undefined;
  execution.cause = undefined;
  if (execution.level === "" && timeoutSeconds !== undefined) execution.deadlineMs = now + timeoutSeconds * 1000;
  const previous = run.event("ExecutionRedriven", execution.lastEvent, { redriveCount: execution.redriveCount });
  revive(run, root, previous);
}

function revive(run: Run, frame: Frame, previous: number): void {
  if (frame.phase === "done") return;
  frame.halted = false;
  frame.chain = previous;
  frame.task = undefined;
  run.touch(frame);
  const children = run.children(frame);
  if (frame.fan?.run !== undefined) {
    frame.phase = "fan";
    redriveMapRun(run, frame);
  } else if (frame.fan !== undefined && children.length > 0) {
    frame.phase = "fan";
    frame.fan.running = children.filter((child) => child.phase !== "done").length;
    for (const child of children) revive(run, child, previous);
  } else {
    frame.retries = [];
    frame.retryCount = 0;
    run.endFan(frame);
    run.ready(frame, frame.phase === "enter" ? "enter" : "run");
  }
}
