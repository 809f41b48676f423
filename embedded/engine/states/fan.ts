import type { MapState, ParallelState } from "../definition.ts";
import { resolve } from "../expressions.ts";
import { exitState } from "../exit.ts";
import type { Frame } from "../frame.ts";
import type { Json } from "../json.ts";
import type { Run } from "../run.ts";
import { mapJoined, startIterations } from "./map.ts";
import type { Ended } from "./basic.ts";

export async function startParallel(run: Run, frame: Frame, state: ParallelState): Promise<undefined> {
  const input =
    state.arguments === undefined ? frame.input : await resolve(state.arguments, "Arguments", run.scope(frame));
  const startedId = run.advance(frame, "ParallelStateStarted");
  const total = state.branches.length;
  frame.phase = "fan";
  frame.fan = {
    ...{ total, next: total, running: total, succeeded: 0, failed: 0, concurrency: total, startedId },
    ...{ run: undefined, list: undefined },
  };
  state.branches.forEach((level, index) => run.spawn(frame, level, index, input, startedId));
  return undefined;
}

/** A branch or an inline iteration has reached its end. */
export async function childSucceeded(run: Run, frame: Frame, child: Frame, output: Json): Ended {
  const state = run.state(frame);
  const { fan } = frame;
  if (fan === undefined || (state.type !== "Map" && state.type !== "Parallel")) return undefined;
  run.touch(frame);
  const last = child.chain;
  if (state.type === "Map") {
    run.advance(child, "MapIterationSucceeded", { name: frame.state, index: child.index });
    if (fan.list !== undefined) run.setItem(fan.list, child.index, "succeeded", output);
    run.drop(child);
  }
  fan.running -= 1;
  fan.succeeded += 1;
  frame.chain = child.chain;
  if (state.type === "Map") await startIterations(run, frame, state, last);
  return fan.succeeded < fan.total ? undefined : join(run, frame, state);
}

async function join(run: Run, frame: Frame, state: MapState | ParallelState): Ended {
  if (state.type === "Map") return mapJoined(run, frame, state);
  const result = run
    .children(frame)
    .sort((a, b) => a.index - b.index)
    .map((child) => child.input);
  run.aside(frame, "ParallelStateSucceeded");
  return exitState(run, frame, state, { place: "", result: { result }, otherwise: result, next: state.next });
}

/** A branch or an inline iteration has failed for good: its siblings are given up and the state fails. */
export function childFailed(run: Run, frame: Frame, child: Frame): void {
  frame.chain = child.chain;
  run.touch(frame);
  giveUp(run, frame, child, "Failed");
  giveUpChildren(run, frame);
  if (frame.fan !== undefined) frame.fan.running = 0;
}

const ABORTED: ReadonlySet<string> = new Set(["Task", "Wait", "Map", "Parallel"]);

export function giveUpChildren(run: Run, frame: Frame): void {
  for (const child of run.children(frame)) giveUp(run, frame, child, "Aborted");
}

/** AWS counts the state that failed among those given up, and lets all these events point to what went wrong. */
function giveUp(run: Run, frame: Frame, child: Frame, how: "Aborted" | "Failed"): void {
  if (child.halted || child.phase === "done") return;
  child.chain = frame.chain;
  if (run.state(frame).type === "Map") {
    run.aside(child, `MapIteration${how}`, { name: frame.state, index: child.index });
  }
  giveUpChildren(run, child);
  const { type } = run.state(child);
  // A frame that has not entered its state yet has nothing to abort there.
  if (child.phase !== "enter" && ABORTED.has(type)) run.aside(child, `${type}StateAborted`);
  run.halt(child);
}
