import { contextObject } from "./context.ts";
import type { Level, Program, State } from "./definition.ts";
import { DATA_LIMIT, StateFailure } from "./errors.ts";
import type { Scope } from "./expressions.ts";
import type { Execution, Frame } from "./frame.ts";
import type { Ambient } from "./functions.ts";
import type { ItemSource } from "./items.ts";
import { EVENT_LIMIT, historyEvent, type HistoryEvent } from "./history.ts";
import type { ItemUpdate, Journal, Step } from "./journal.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Resource } from "./resource.ts";
import type { StoredItem } from "./schema.ts";

/** Work outside the interpreter. The engine does it only after the step that asked for it is on disk. */
export type Effect =
  | {
      readonly kind: "task";
      readonly frame: number;
      readonly attempt: number;
      readonly state: string;
      readonly resource: Resource;
    }
  | { readonly kind: "cancel"; readonly frame: number }
  | { readonly kind: "child"; readonly frame: number; readonly index: number; readonly redrive: boolean }
  | { readonly kind: "stop-children"; readonly frame: number };

/** What all executions share. */
export interface World {
  readonly journal: Journal;
  readonly ambient: Ambient;
  readonly items: ItemSource;
}

/** The history is full: the execution fails, whatever the state. */
export class HistoryFull extends Error {}

/**
 * One execution in memory: its frames, and what the present step has changed. It knows nothing of any state type;
 * `states/` does. All methods run inside a step, which the engine makes durable as a whole.
 */
export class Run {
  readonly execution: Execution;
  readonly program: Program;
  readonly journal: Journal;
  readonly ambient: Ambient;
  readonly items: ItemSource;
  readonly frames = new Map<number, Frame>();
  readonly effects: Effect[] = [];
  readonly #queue: Frame[] = [];
  #starts: (() => void)[] = [];
  readonly #dirty = new Set<Frame>();
  readonly #dropped = new Set<number>();
  #events: HistoryEvent[] = [];
  #items = new Map<string, ItemUpdate>();

  constructor(execution: Execution, program: Program, world: World) {
    this.execution = execution;
    this.program = program;
    this.journal = world.journal;
    this.ambient = world.ambient;
    this.items = world.items;
  }

  get running(): boolean {
    return this.execution.status === "RUNNING";
  }

  level(frame: Frame): Level {
    const level = this.program.levels.get(frame.level);
    if (level === undefined) throw new Error(`level ${frame.level} is gone from the definition`);
    return level;
  }

  state(frame: Frame): State {
    const state = this.level(frame).states.get(frame.state);
    if (state === undefined) throw new Error(`state ${frame.state} is gone from the definition`);
    return state;
  }

  /** A new frame at the start of a level, ready to enter its first state. */
  spawn(
    parent: Frame | undefined,
    level: string,
    index: number,
    input: Json,
    chain: number,
    item?: Frame["item"],
  ): Frame {
    const start = this.program.levels.get(level);
    if (start === undefined) throw new Error(`level ${level} is gone from the definition`);
    const frame: Frame = {
      id: this.execution.nextFrame++,
      parent: parent?.id,
      index,
      level,
      state: start.startAt,
      input,
      vars: {},
      chain,
      cameFrom: 0,
      enteredId: 0,
      enteredMs: 0,
      phase: "enter",
      halted: false,
      retries: [],
      retryCount: 0,
      attempt: 0,
      dueMs: undefined,
      task: undefined,
      fan: undefined,
      item,
    };
    this.frames.set(frame.id, frame);
    this.ready(frame, "enter");
    return frame;
  }

  /** Queues a frame for its next turn; frames take turns state by state, as concurrent branches would. */
  ready(frame: Frame, phase: "enter" | "run"): void {
    frame.phase = phase;
    frame.dueMs = undefined;
    this.touch(frame);
    this.#queue.push(frame);
  }

  nextReady(): Frame | undefined {
    if (!this.running) this.#queue.length = 0;
    let frame = this.#queue.shift();
    while (frame !== undefined && (frame.halted || !this.frames.has(frame.id))) frame = this.#queue.shift();
    return frame;
  }

  /** Writes that a task has started once every branch has come as far as it can: on AWS workers pick up later. */
  startLater(frame: Frame, write: () => void): void {
    const { attempt } = frame;
    this.#starts.push(() => {
      if (this.running && !frame.halted && this.frames.has(frame.id) && frame.attempt === attempt) write();
    });
  }

  takeStarts(): (() => void)[] {
    const starts = this.#starts;
    this.#starts = [];
    return starts;
  }

  touch(frame: Frame): void {
    this.#dirty.add(frame);
  }

  drop(frame: Frame): void {
    this.endFan(frame);
    this.frames.delete(frame.id);
    this.#dirty.delete(frame);
    this.#dropped.add(frame.id);
  }

  children(frame: Frame): Frame[] {
    return [...this.frames.values()].filter((other) => other.parent === frame.id);
  }

  parentOf(frame: Frame): Frame | undefined {
    return frame.parent === undefined ? undefined : this.frames.get(frame.parent);
  }

  setItem(list: number, idx: number, status: string | null, output: Json | undefined): void {
    this.#items.set(`${list}/${idx}`, { list, idx, status, output });
  }

  /** An item with what this step has made of it. */
  storedItem(list: number, idx: number): StoredItem | undefined {
    const item = this.journal.item(this.execution.id, list, idx);
    return item === undefined ? undefined : this.#updated(list, item);
  }

  *storedItems(list: number): Generator<StoredItem> {
    for (const item of this.journal.items(this.execution.id, list)) yield this.#updated(list, item);
  }

  #updated(list: number, item: StoredItem): StoredItem {
    const update = this.#items.get(`${list}/${item.idx}`);
    return update === undefined ? item : { ...item, status: update.status ?? undefined, output: update.output };
  }

  /** A Map or Parallel state is through with its children. */
  endFan(frame: Frame): void {
    for (const child of this.children(frame)) this.drop(child);
    if (frame.fan?.list !== undefined) this.#dropped.add(frame.fan.list);
    frame.fan = undefined;
    this.touch(frame);
  }

  /** Appends to the history and returns the event's id. Throws when the history is full. */
  event(type: string, previous: number, details?: Readonly<Record<string, unknown>>): number {
    if (this.execution.lastEvent + 1 >= EVENT_LIMIT && !type.startsWith("Execution")) throw new HistoryFull();
    const id = ++this.execution.lastEvent;
    this.#events.push(historyEvent(id, previous, this.ambient.now(), type, details));
    return id;
  }

  /** Appends to the history of a branch, which goes on from there. */
  advance(frame: Frame, type: string, details?: Readonly<Record<string, unknown>>): number {
    frame.chain = this.event(type, frame.chain, details);
    this.touch(frame);
    return frame.chain;
  }

  /** Appends without moving the branch on: AWS's next event points back past these. */
  aside(frame: Frame, type: string, details?: Readonly<Record<string, unknown>>): void {
    this.event(type, frame.chain, details);
  }

  scope(frame: Frame, extra: JsonObject = {}, token?: string, item = this.item(frame)): Scope {
    const context = contextObject(this.execution, frame, item, token, "retry" in this.state(frame));
    return {
      ambient: this.ambient,
      variables: this.#variables(frame),
      states: { input: frame.input, context, ...extra },
    };
  }

  #variables(frame: Frame): JsonObject {
    const parent = this.parentOf(frame);
    return parent === undefined ? frame.vars : { ...this.#variables(parent), ...frame.vars };
  }

  /** The innermost Map item around a frame. */
  item(frame: Frame): Frame["item"] {
    if (frame.item !== undefined) return frame.item;
    const parent = this.parentOf(frame);
    return parent === undefined ? undefined : this.item(parent);
  }

  /** A failure that the interpreter itself raises carries where it happened, as AWS writes it. */
  located(frame: Frame, error: string, cause: string): StateFailure {
    const where = `An error occurred while executing the state '${frame.state}' (entered at the event id #${frame.enteredId}). `;
    return new StateFailure(error, where + cause);
  }

  tooLarge(what: string): StateFailure {
    const cause = `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`;
    return new StateFailure(DATA_LIMIT, cause);
  }

  /** Stops a frame where it stands and gives up what it waits for. */
  halt(frame: Frame): void {
    if (frame.halted || frame.phase === "done") return;
    if (frame.phase === "task") this.effects.push({ kind: "cancel", frame: frame.id });
    if (frame.phase === "fan" && frame.fan?.run !== undefined)
      this.effects.push({ kind: "stop-children", frame: frame.id });
    frame.halted = true;
    frame.dueMs = undefined;
    this.touch(frame);
  }

  /** When the engine must look at this execution again, whatever else happens. */
  nextDueMs(): number | undefined {
    if (!this.running) return undefined;
    let due = this.execution.deadlineMs;
    for (const frame of this.frames.values()) {
      if (frame.halted) continue;
      for (const at of [frame.dueMs, frame.task?.timeoutMs, frame.task?.heartbeatMs]) {
        if (at !== undefined && (due === undefined || at < due)) due = at;
      }
    }
    return due;
  }

  /** What the step changed, ready to be written. */
  takeStep(): Step {
    const step: Step = {
      execution: this.execution,
      frames: [...this.#dirty].filter((frame) => this.frames.has(frame.id)),
      dropped: [...this.#dropped],
      events: this.#events,
      items: [...this.#items.values()],
    };
    this.#dirty.clear();
    this.#dropped.clear();
    this.#events = [];
    this.#items = new Map();
    return step;
  }

  takeEffects(): Effect[] {
    return this.effects.splice(0);
  }
}
