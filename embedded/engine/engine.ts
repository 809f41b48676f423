import { createHash } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";
import type { Program } from "./definition.ts";
import { EngineError, HEARTBEAT_TIMEOUT, TIMEOUT } from "./errors.ts";
import { attempt, due, settle } from "./flow.ts";
import type { Execution, ExecutionStatus, Frame } from "./frame.ts";
import { uuid } from "./functions.ts";
import { type HistoryEvent, NOT_TRUNCATED } from "./history.ts";
import { Journal } from "./journal.ts";
import { canonical, isTooLarge, type Json, parseJson } from "./json.ts";
import { loadDefinition, type LoadOptions } from "./load.ts";
import { executionArn, isExecutionName } from "./names.ts";
import { type Effect, Run } from "./run.ts";
import { taskFailed, taskSubmitted, taskSucceeded } from "./states/task.ts";
import { type Effects, serviceTasks, type TaskOutcome, type TaskRunner } from "./tasks.ts";
import { describe, type ExecutionDescription, statusChange, type StatusChange } from "./description.ts";
import { readToken } from "./token.ts";

export type { Effects, ListedObject } from "./tasks.ts";
export type { ExecutionDescription, StatusChange } from "./description.ts";
export type { ExecutionStatus } from "./frame.ts";
export type { HistoryEvent } from "./history.ts";
export type { Clock } from "./clock.ts";
export { EngineError, TaskError } from "./errors.ts";

export interface MachineDefinition {
  readonly arn: string;
  readonly name: string;
  /** ASL text. */
  readonly definition: string;
  readonly roleArn: string;
}

export interface EngineOptions {
  /** SQLite file of the journal; ":memory:" forgets. */
  readonly file: string;
  readonly machines: readonly MachineDefinition[];
  readonly effects: Effects;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** At least once per status of an execution, in order; a rejection is announced again at the next start. */
  onStatusChange?(change: StatusChange): void | Promise<void>;
  /** The journal can no longer be written: nothing will happen any more. */
  onFatal?(error: Error): void;
  /** Runs tasks instead of the service integrations on `effects`. */
  readonly tasks?: TaskRunner;
  readonly load?: LoadOptions;
}

/** An execution that is running. Its steps happen one after the other. */
interface Live {
  readonly run: Run;
  tail: Promise<void>;
  announcements: Promise<void>;
  cancelTimer: (() => void) | undefined;
  readonly workers: Map<number, AbortController>;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #machines = new Map<string, MachineDefinition & { readonly hash: string }>();
  readonly #programs = new Map<string, Program>();
  readonly #live = new Map<number, Live>();
  readonly #byArn = new Map<string, Live>();
  readonly #runTask: TaskRunner;
  readonly #random: () => number;
  #nextId: number;
  #busy = 0;
  #idle: (() => void)[] = [];
  #closed = false;

  /** Opens the journal and takes up every execution where it stood. Throws `InvalidDefinition`. */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    await engine.#recover();
    return engine;
  }

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#runTask = options.tasks ?? serviceTasks(options.effects);
    for (const machine of options.machines) {
      const hash = createHash("sha256").update(machine.definition).digest("hex");
      try {
        this.#programs.set(hash, loadDefinition(machine.definition, options.load));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        throw new EngineError(error.name, `State machine ${machine.name}: ${error.message}`);
      }
      this.#machines.set(machine.arn, { ...machine, hash });
    }
    this.#journal = new Journal(options.file);
    this.#nextId = this.#journal.nextExecutionId();
  }

  /**
   * Starts an execution; it is durable when this resolves. A name that is already running with the same input is that
   * execution (`created: false`); any other use of a known name throws `ExecutionAlreadyExists`.
   */
  async start(
    machineArn: string,
    request: { readonly name?: string; readonly input?: Json } = {},
  ): Promise<{ executionArn: string; startDate: Date; created: boolean }> {
    const machine = this.#machines.get(machineArn);
    if (machine === undefined) {
      throw new EngineError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${machineArn}'`);
    }
    const name = request.name ?? uuid(this.#ambient);
    if (!isExecutionName(name)) throw new EngineError("InvalidName", `Invalid Name: '${name}'`);
    const input = request.input ?? {};
    if (isTooLarge(JSON.stringify(input))) {
      throw new EngineError("InvalidExecutionInput", "Invalid State Machine Execution Input: longer than 262144 bytes");
    }
    const arn = executionArn(machineArn, name);
    const known = this.#byArn.get(arn);
    const existing = known?.run.execution ?? this.#journal.execution(arn);
    if (existing !== undefined) {
      if (existing.status !== "RUNNING" || canonical(existing.input) !== canonical(input)) {
        throw new EngineError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
      }
      await known?.tail;
      return { executionArn: arn, startDate: new Date(existing.startMs), created: false };
    }
    const startMs = this.#clock.now();
    await this.#launch(machine, { arn, name, input, level: "", parent: undefined, mapRunArn: undefined, startMs });
    return { executionArn: arn, startDate: new Date(startMs), created: true };
  }

  /** Ends a running execution as ABORTED and gives up all its workers. */
  async stop(arn: string, error?: string, cause?: string): Promise<{ stopDate: Date }> {
    const live = this.#byArn.get(arn);
    if (live !== undefined) {
      await this.#post(live, async () => {
        if (!live.run.running) return;
        live.run.end("ABORTED", 0, {
          ...(error === undefined ? {} : { error }),
          ...(cause === undefined ? {} : { cause }),
        });
      });
    }
    return { stopDate: new Date(this.#mustFind(arn).stopMs ?? this.#clock.now()) };
  }

  async sendTaskSuccess(token: string, output: string): Promise<void> {
    let value: Json;
    try {
      value = parseJson(output);
    } catch {
      throw new EngineError("InvalidOutput", "Invalid Output: the output is not JSON");
    }
    await this.#answer(token, async (run, frame) => {
      const state = run.state(frame);
      if (state.type === "Task") await attempt(run, frame, () => taskSucceeded(run, frame, state, value));
    });
  }

  async sendTaskFailure(token: string, error?: string, cause?: string): Promise<void> {
    await this.#answer(token, (run, frame) => this.#failTask(run, frame, error, cause));
  }

  async sendTaskHeartbeat(token: string): Promise<void> {
    // Not journalled: after a restart every worker counts as lost anyway.
    await this.#answer(token, async (_run, { task }) => {
      if (task?.heartbeatSeconds !== undefined) task.heartbeatMs = this.#clock.now() + task.heartbeatSeconds * 1000;
    });
  }

  describe(arn: string): ExecutionDescription {
    return describe(this.#mustFind(arn));
  }

  /** Newest first. `next` continues the list. Children of a distributed Map are listed by their `mapRunArn`. */
  list(
    filter: {
      readonly machineArn?: string;
      readonly status?: ExecutionStatus;
      readonly mapRunArn?: string;
      readonly limit?: number;
      readonly after?: string;
    } = {},
  ): { executions: ExecutionDescription[]; next?: string } {
    const limit = Math.min(filter.limit ?? 100, 1_000);
    const found = this.#journal.list({
      machineArn: filter.machineArn,
      status: filter.status,
      mapRun: filter.mapRunArn,
      before: filter.after === undefined ? undefined : Number(filter.after),
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > limit && last !== undefined;
    return { executions: page.map(describe), ...(more ? { next: String(last.id) } : {}) };
  }

  /** Events in order; `after` is the id of the last event already seen. */
  history(arn: string, page: { readonly after?: number; readonly limit?: number } = {}): HistoryEvent[] {
    return this.#journal.events(this.#mustFind(arn).id, page.after ?? 0, page.limit ?? 1_000);
  }

  /** Executions that have not ended. */
  pending(): number {
    return this.#live.size;
  }

  /** Resolves when nothing is left to do but to wait for timers or task tokens. */
  settled(): Promise<void> {
    return this.#busy === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Stops working; executions stay as they are and go on at the next `open`. Workers are given up. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const live of this.#live.values()) {
      live.cancelTimer?.();
      for (const worker of live.workers.values()) worker.abort();
    }
    await Promise.all([...this.#live.values()].map((live) => live.tail));
    this.#journal.close();
  }

  get #ambient(): { now(): number; random(): number } {
    return { now: () => this.#clock.now(), random: this.#random };
  }

  #mustFind(arn: string): Execution {
    const execution = this.#byArn.get(arn)?.run.execution ?? this.#journal.execution(arn);
    if (execution === undefined) {
      throw new EngineError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    }
    return execution;
  }

  #program(hash: string): Program {
    const known = this.#programs.get(hash);
    if (known !== undefined) return known;
    const text = this.#journal.definition(hash);
    if (text === undefined) throw new EngineError("InvalidDefinition", `The journal lacks definition ${hash}`);
    const program = loadDefinition(text, this.#options.load);
    this.#programs.set(hash, program);
    return program;
  }

  #launch(
    machine: MachineDefinition & { readonly hash: string },
    about: Pick<Execution, "arn" | "name" | "input" | "level" | "parent" | "mapRunArn" | "startMs">,
  ): Promise<void> {
    const program = this.#program(machine.hash);
    const { timeoutSeconds } = program;
    const execution: Execution = {
      ...about,
      id: this.#nextId++,
      machineArn: machine.arn,
      machineName: machine.name,
      roleArn: machine.roleArn,
      definition: machine.hash,
      status: "RUNNING",
      ...{ stopMs: undefined, output: undefined, error: undefined, cause: undefined },
      ...{ redriveCount: 0, redriveMs: undefined, lastEvent: 0, nextFrame: 1 },
      deadlineMs:
        about.level === "" && timeoutSeconds !== undefined ? about.startMs + timeoutSeconds * 1000 : undefined,
    };
    const live = this.#adopt(execution, program);
    return this.#post(live, async () => {
      this.#journal.putDefinition(machine.hash, machine.definition);
      live.run.event("ExecutionStarted", 0, {
        input: JSON.stringify(execution.input),
        inputDetails: NOT_TRUNCATED,
        roleArn: execution.roleArn,
      });
      live.run.spawn(undefined, execution.level, 0, execution.input, 0);
      this.#announce(live);
    });
  }

  #adopt(execution: Execution, program: Program): Live {
    const run = new Run(execution, program, this.#journal, this.#ambient);
    const live: Live = {
      run,
      tail: Promise.resolve(),
      announcements: Promise.resolve(),
      cancelTimer: undefined,
      workers: new Map(),
    };
    this.#live.set(execution.id, live);
    this.#byArn.set(execution.arn, live);
    return live;
  }

  async #recover(): Promise<void> {
    const steps: Promise<void>[] = [];
    for (const execution of this.#journal.toAnnounce()) {
      if (execution.status !== "RUNNING") await this.#announceOnce(execution);
    }
    for (const execution of this.#journal.running()) {
      const live = this.#adopt(execution, this.#program(execution.definition));
      for (const frame of this.#journal.frames(execution.id)) live.run.frames.set(frame.id, frame);
      steps.push(this.#post(live, () => this.#resume(live)));
    }
    await Promise.all(steps);
  }

  /** The engine was gone: timers go on by their due time, workers are lost, harmless calls are made again. */
  async #resume({ run }: Live): Promise<void> {
    for (const frame of [...run.frames.values()]) {
      if (frame.halted) continue;
      if (frame.phase === "enter" || frame.phase === "run") run.ready(frame, frame.phase);
      const state = run.state(frame);
      if (frame.phase !== "task" || state.type !== "Task") continue;
      const { resource } = state;
      if (resource.service === "states" || resource.service === "events") {
        run.effects.push({ kind: "task", frame: frame.id, attempt: frame.attempt, state: frame.state, resource });
      } else {
        // A function that is lost in flight is a fault of the Lambda service; any other worker is simply gone.
        const error =
          resource.service === "lambda" && frame.task?.token === undefined ? "Lambda.ServiceException" : "Transient";
        await this.#failTask(run, frame, error, JSON.stringify(workerLost(frame.state)));
      }
    }
  }

  /** Does work on one execution as one durable step: first the journal, then the effects. */
  #post(live: Live, work: () => Promise<void>): Promise<void> {
    this.#busy += 1;
    const step = live.tail.then(async () => {
      if (this.#closed) return;
      let refused: { readonly error: unknown } | undefined;
      try {
        await work();
      } catch (error) {
        // A refusal of the caller; what the step did up to here is none of its making.
        refused = { error };
      }
      await settle(live.run);
      await this.#persist(live);
      if (refused !== undefined) throw refused.error;
    });
    live.tail = step.then(
      () => this.#done(),
      (error: unknown) => {
        if (error instanceof EngineError && error.name === "JournalUnavailable") this.#options.onFatal?.(error);
        this.#done();
      },
    );
    return step;
  }

  #done(): void {
    this.#busy -= 1;
    if (this.#busy > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #persist(live: Live): Promise<void> {
    const { run } = live;
    const step = run.takeStep();
    if (step.events.length + step.frames.length + step.dropped.length + step.items.length > 0) {
      this.#journal.write(step);
      await this.#journal.commit();
    }
    for (const effect of run.takeEffects()) this.#perform(live, effect);
    live.cancelTimer?.();
    live.cancelTimer = undefined;
    const dueMs = run.nextDueMs();
    if (dueMs !== undefined && !this.#closed) {
      live.cancelTimer = this.#clock.schedule(dueMs, () => void this.#post(live, () => this.#tick(live)));
    }
    if (!run.running) this.#ended(live);
  }

  #ended(live: Live): void {
    const { execution } = live.run;
    if (this.#live.get(execution.id) !== live) return;
    this.#live.delete(execution.id);
    this.#byArn.delete(execution.arn);
    for (const worker of live.workers.values()) worker.abort();
    this.#announce(live);
  }

  #announce(live: Live): void {
    const snapshot = { ...live.run.execution };
    this.#busy += 1;
    live.announcements = live.announcements.then(() => this.#announceOnce(snapshot)).finally(() => this.#done());
  }

  async #announceOnce(execution: Execution): Promise<void> {
    const { onStatusChange } = this.#options;
    if (onStatusChange === undefined || this.#closed) return;
    if (execution.mapRunArn === undefined) {
      try {
        await onStatusChange.call(this.#options, statusChange(execution));
      } catch {
        return; // announced again at the next start
      }
    }
    if (!this.#closed) this.#journal.markAnnounced(execution.id, execution.status);
  }

  async #tick({ run }: Live): Promise<void> {
    const now = this.#clock.now();
    const { deadlineMs } = run.execution;
    if (deadlineMs !== undefined && deadlineMs <= now) return run.end("TIMED_OUT", 0, {});
    for (const frame of [...run.frames.values()]) {
      if (frame.halted || !run.frames.has(frame.id)) continue;
      const passed = (at: number | undefined): boolean => at !== undefined && at <= now;
      if (passed(frame.dueMs)) await due(run, frame);
      else if (passed(frame.task?.timeoutMs)) await this.#failTask(run, frame, TIMEOUT, undefined);
      else if (passed(frame.task?.heartbeatMs)) await this.#failTask(run, frame, HEARTBEAT_TIMEOUT, undefined);
    }
  }

  async #failTask(run: Run, frame: Frame, error: string | undefined, cause: string | undefined): Promise<void> {
    const state = run.state(frame);
    if (state.type !== "Task") return;
    run.effects.push({ kind: "cancel", frame: frame.id });
    await attempt(run, frame, async () => {
      throw taskFailed(run, frame, state, error, cause);
    });
  }

  #perform(live: Live, effect: Effect): void {
    if (effect.kind === "cancel") {
      live.workers.get(effect.frame)?.abort();
      live.workers.delete(effect.frame);
    } else if (effect.kind === "task") this.#work(live, effect);
  }

  #work(live: Live, effect: Extract<Effect, { kind: "task" }>): void {
    const task = live.run.frames.get(effect.frame)?.task;
    if (task === undefined || this.#closed) return;
    const controller = new AbortController();
    live.workers.set(effect.frame, controller);
    this.#busy += 1;
    const call = { ...effect, ...task, signal: controller.signal };
    void this.#runTask(call)
      .then((outcome) => this.#outcome(live, effect, outcome))
      .finally(() => this.#done());
  }

  async #outcome(live: Live, effect: Extract<Effect, { kind: "task" }>, outcome: TaskOutcome): Promise<void> {
    if (outcome.kind === "silent" || !this.#live.has(live.run.execution.id)) return;
    await this.#post(live, async () => {
      const { run } = live;
      const frame = waiting(run, effect.frame, effect.attempt);
      const state = frame === undefined ? undefined : run.state(frame);
      if (frame === undefined || state?.type !== "Task") return;
      if (outcome.kind === "submitted") return taskSubmitted(run, frame, state, outcome.value);
      if (outcome.kind === "failed") return this.#failTask(run, frame, outcome.error, outcome.cause);
      await attempt(run, frame, () => taskSucceeded(run, frame, state, outcome.value));
    });
  }

  /** Lets the holder of a task token act on the attempt that waits for it. */
  async #answer(token: string, work: (run: Run, frame: Frame) => Promise<void>): Promise<void> {
    const address = readToken(token);
    if (address === undefined) throw new EngineError("InvalidToken", "Invalid Token: 'Invalid token'");
    const live = this.#live.get(address.execution);
    const gone = new EngineError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    if (live === undefined) {
      if (this.#journal.executionById(address.execution) !== undefined) throw gone;
      throw new EngineError("TaskDoesNotExist", "Task Does Not Exist: 'Provided task does not exist'");
    }
    await this.#post(live, async () => {
      const frame = waiting(live.run, address.frame, address.attempt);
      if (frame?.task?.token !== token) throw gone;
      live.workers.delete(frame.id);
      await work(live.run, frame);
    });
  }
}

/** The frame, if it still waits for that attempt. */
function waiting(run: Run, id: number, attemptNumber: number): Frame | undefined {
  const frame = run.frames.get(id);
  if (!run.running || frame === undefined || frame.halted || frame.phase !== "task") return undefined;
  return frame.attempt === attemptNumber ? frame : undefined;
}

const workerLost = (state: string): Record<string, unknown> => ({
  class: "Transient",
  code: "worker_lost",
  what: `run ${state}`,
  message: `The worker of ${state} was lost when the engine stopped. Retrying may clear this.`,
  retryable: true,
});
