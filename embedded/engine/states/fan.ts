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
  if (state.type === "Map") {
    run.advance(child, "MapIterationSucceeded", { name: frame.state, index: child.index });
    if (fan.list !== undefined) run.setItem(fan.list, child.index, "succeeded", output);
    run.drop(child);
  }
  fan.running -= 1;
  fan.succeeded += 1;
  frame.chain = child.chain;
  if (state.type === "Map") await startIterations(run, frame, state);
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
  const state = run.state(frame);
  const map = state.type === "Map";
  if (map) run.aside(child, "MapIterationFailed", { name: frame.state, index: child.index });
  run.halt(child);
  giveUpChildren(run, frame);
  frame.chain = child.chain;
  if (frame.fan !== undefined) frame.fan.running = 0;
  run.advance(frame, map ? "MapStateFailed" : "ParallelStateFailed");
}

const ABORTED: ReadonlySet<string> = new Set(["Task", "Wait", "Map", "Parallel"]);

export function giveUpChildren(run: Run, frame: Frame): void {
  const map = run.state(frame).type === "Map";
  for (const child of run.children(frame)) {
    if (child.halted || child.phase === "done") continue;
    giveUpChildren(run, child);
    const { type } = run.state(child);
    // A frame that has not entered its state yet has nothing to abort there.
    if (child.phase !== "enter" && ABORTED.has(type)) run.aside(child, `${type}StateAborted`);
    if (map) run.aside(child, "MapIterationAborted", { name: frame.state, index: child.index });
    run.halt(child);
  }
}
