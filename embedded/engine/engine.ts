import { Announcer } from "./announcer.ts";
import { isOrphan, type Nursery, reportToParent, startMapChild, startNested, stopMapChildren } from "./children.ts";
import { type Clock, systemClock } from "./clock.ts";
import { describe, type ExecutionDescription, type StatusChange } from "./description.ts";
import { abortRun } from "./ending.ts";
import { EngineError } from "./errors.ts";
import { Executor, type Live } from "./executor.ts";
import type { Execution, ExecutionStatus } from "./frame.ts";
import { type Ambient, uuid } from "./functions.ts";
import { type HistoryEvent, NOT_TRUNCATED } from "./history.ts";
import { type ItemSource, objectItems } from "./items.ts";
import { Journal } from "./journal.ts";
import { canonical, isTooLarge, type Json, parseJson } from "./json.ts";
import type { LoadOptions } from "./load.ts";
import { type MachineDefinition, Machines } from "./machines.ts";
import { executionArn, isExecutionName } from "./names.ts";
import { redriveRun } from "./redrive.ts";
import { resumeRun } from "./resume.ts";
import type { Effect } from "./run.ts";
import { type Effects, serviceTasks, type TaskRunner } from "./tasks.ts";
import { answered, answerToken, failTask, startWorker, succeedTask, tick } from "./workers.ts";

export type { Clock } from "./clock.ts";
export type { ExecutionDescription, StatusChange } from "./description.ts";
export { EngineError } from "./errors.ts";
export type { ExecutionStatus } from "./frame.ts";
export type { HistoryEvent } from "./history.ts";
export type { Json } from "./json.ts";
export type { MachineDefinition } from "./machines.ts";
export type { Effects } from "./tasks.ts";

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
  /**
   * After a restart: had the worker of this attempt been started? One that still waited for its turn is asked for
   * again and costs no retry. Absent = every attempt in flight had a worker.
   */
  wasStarted?(attemptId: string): boolean;
  /** Runs tasks and reads items instead of the service integrations on `effects`. */
  readonly tasks?: TaskRunner;
  readonly items?: ItemSource;
  readonly load?: LoadOptions;
}

/** Runs ASL state machines durably: what an execution has reached is on disk before anything outside happens. */
export class Engine {
  readonly #clock: Clock;
  readonly #ambient: Ambient;
  readonly #machines: Machines;
  readonly #journal: Journal;
  readonly #executor: Executor;
  readonly #announcer: Announcer;
  readonly #nursery: Nursery;
  readonly #runTask: TaskRunner;
  readonly #wasStarted: (attemptId: string) => boolean;
  #nextId: number;

  /** Opens the journal and takes up every execution where it stood. Throws `InvalidDefinition`. */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    await engine.#recover();
    return engine;
  }

  private constructor(options: EngineOptions) {
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.#ambient = { now: () => clock.now(), random: options.random ?? Math.random };
    this.#machines = new Machines(options.machines, options.load ?? {});
    this.#journal = new Journal(options.file);
    this.#nextId = this.#journal.nextExecutionId();
    const listener = options.onStatusChange?.bind(options);
    this.#announcer = new Announcer(this.#journal, listener);
    this.#executor = new Executor({
      journal: this.#journal,
      clock,
      ambient: this.#ambient,
      items: options.items ?? objectItems(options.effects),
      perform: (live, effect) => this.#perform(live, effect),
      tick: (live) => tick(live.run),
      ended: (live) => this.#ended(live),
      fatal: (error) => options.onFatal?.(error),
    });
    this.#nursery = {
      executor: this.#executor,
      journal: this.#journal,
      now: () => clock.now(),
      launch: (machineArn, about, definition) => this.#launch(machineArn, about, definition),
      stop: (arn, error, cause) => this.stop(arn, error, cause),
      redrive: (arn) => this.redrive(arn),
    };
    this.#wasStarted = (id) => options.wasStarted?.(id) ?? true;
    const services = serviceTasks(options.effects);
    this.#runTask =
      options.tasks ??
      ((call) => (call.resource.service === "states" ? startNested(this.#nursery, call) : services(call)));
  }

  /**
   * Starts an execution; it is durable when this resolves. A name that is already running with the same input is that
   * execution (`created: false`); any other use of a known name throws `ExecutionAlreadyExists`.
   */
  async start(
    machineArn: string,
    request: { readonly name?: string; readonly input?: Json } = {},
  ): Promise<{ executionArn: string; startDate: Date; created: boolean }> {
    if (this.#executor.closed) throw new EngineError("EngineClosed", "The engine is closed.");
    this.#machines.get(machineArn);
    const name = request.name ?? uuid(this.#ambient);
    if (!isExecutionName(name)) throw new EngineError("InvalidName", `Invalid Name: '${name}'`);
    const input = request.input ?? {};
    if (isTooLarge(JSON.stringify(input))) {
      throw new EngineError("InvalidExecutionInput", "Invalid State Machine Execution Input: longer than 262144 bytes");
    }
    const arn = executionArn(machineArn, name);
    const known = this.#executor.byArn(arn);
    const existing = known?.run.execution ?? this.#journal.execution(arn);
    if (existing !== undefined) {
      if (existing.status !== "RUNNING" || canonical(existing.input) !== canonical(input)) {
        throw new EngineError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
      }
      await known?.tail;
      return { executionArn: arn, startDate: new Date(existing.startMs), created: false };
    }
    const startMs = this.#clock.now();
    await this.#launch(machineArn, { arn, name, input, level: "", parent: undefined, mapRunArn: undefined, startMs });
    return { executionArn: arn, startDate: new Date(startMs), created: true };
  }

  /** Ends a running execution as ABORTED and gives up all its workers. An ended one stays as it is. */
  async stop(arn: string, error?: string, cause?: string): Promise<{ stopDate: Date }> {
    const live = this.#executor.byArn(arn);
    if (live !== undefined) {
      await this.#executor.post(live, () => (live.run.running ? abortRun(live.run, error, cause) : undefined));
    }
    return { stopDate: new Date(this.#mustFind(arn).stopMs ?? this.#clock.now()) };
  }

  /** Continues an execution that failed, timed out or was stopped, from where it stood. Throws `ExecutionNotRedrivable`. */
  async redrive(arn: string): Promise<{ redriveDate: Date }> {
    const execution = this.#mustFind(arn);
    if (this.#executor.byArn(arn) !== undefined) {
      throw new EngineError("ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven");
    }
    const live = this.#executor.load(execution, this.#machines.program(execution.definition, this.#journal));
    await this.#executor.post(live, () => {
      redriveRun(live.run);
      this.#announce(live.run.execution);
    });
    return { redriveDate: new Date(execution.redriveMs ?? this.#clock.now()) };
  }

  /** `output` is JSON text. Throws InvalidToken, InvalidOutput, TaskTimedOut or TaskDoesNotExist, like the two below. */
  async sendTaskSuccess(token: string, output: string): Promise<void> {
    let value: Json;
    try {
      value = parseJson(output);
    } catch {
      throw new EngineError("InvalidOutput", "Invalid Output: the output is not JSON");
    }
    await answerToken(this.#executor, this.#journal, token, (live, frame) =>
      answered(live, frame, (run) => succeedTask(run, frame, value)),
    );
  }

  async sendTaskFailure(token: string, error?: string, cause?: string): Promise<void> {
    await answerToken(this.#executor, this.#journal, token, (live, frame) =>
      answered(live, frame, (run) => failTask(run, frame, error, cause)),
    );
  }

  async sendTaskHeartbeat(token: string): Promise<void> {
    // Not journalled: after a restart every worker counts as lost anyway.
    await answerToken(this.#executor, this.#journal, token, (_live, { task }) => {
      if (task?.heartbeatSeconds !== undefined) task.heartbeatMs = this.#clock.now() + task.heartbeatSeconds * 1000;
    });
  }

  describe(arn: string): ExecutionDescription {
    return describe(this.#mustFind(arn));
  }

  /** Newest first; `next` continues the list. Children of a distributed Map are listed by their `mapRunArn` only. */
  list(
    filter: {
      readonly machineArn?: string;
      readonly status?: ExecutionStatus;
      readonly mapRunArn?: string;
      readonly limit?: number;
      readonly after?: string;
    } = {},
  ): { executions: ExecutionDescription[]; next?: string } {
    const { machineArn, status, mapRunArn: mapRun, after } = filter;
    const limit = Math.min(filter.limit ?? 100, 1_000);
    const before = after === undefined ? undefined : Number(after);
    const found = this.#journal.list({ machineArn, status, mapRun, before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > limit && last !== undefined;
    return { executions: page.map(describe), ...(more ? { next: String(last.id) } : {}) };
  }

  /** Events in order; `after` is the id of the last event already seen. */
  history(arn: string, page: { readonly after?: number; readonly limit?: number } = {}): HistoryEvent[] {
    return this.#journal.events(this.#mustFind(arn).id, page.after ?? 0, page.limit ?? 1_000);
  }

  /** Forgets executions that ended before `endedBefore`, at most 1,000 a call. AWS keeps them for 90 days. */
  async prune(endedBefore: Date): Promise<number> {
    const forgotten = this.#journal.prune(endedBefore.getTime(), 1_000);
    await this.#journal.commit();
    return forgotten;
  }

  /** Executions that have not ended. */
  pending(): number {
    return this.#executor.size;
  }

  /** Resolves when nothing is left to do but to wait for timers or task tokens. */
  settled(): Promise<void> {
    return this.#executor.settled();
  }

  /** Stops working; executions stay as they are and go on at the next `open`. Workers are given up. */
  async close(): Promise<void> {
    if (this.#executor.closed) return;
    this.#announcer.close();
    await this.#executor.close();
    this.#journal.close();
  }

  #mustFind(arn: string): Execution {
    const execution = this.#executor.byArn(arn)?.run.execution ?? this.#journal.execution(arn);
    if (execution !== undefined) return execution;
    throw new EngineError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
  }

  #launch(machineArn: string, about: Parameters<Nursery["launch"]>[1], definition?: string): Promise<void> {
    const machine = this.#machines.get(machineArn);
    const hash = definition ?? machine.hash;
    const program = this.#machines.program(hash, this.#journal);
    const { timeoutSeconds } = program;
    const execution: Execution = {
      ...about,
      id: this.#nextId++,
      machineArn: machine.arn,
      machineName: machine.name,
      roleArn: machine.roleArn,
      definition: hash,
      status: "RUNNING",
      ...{ stopMs: undefined, output: undefined, error: undefined, cause: undefined },
      ...{ redriveCount: 0, redriveMs: undefined, lastEvent: 0, nextFrame: 1 },
      deadlineMs:
        about.level === "" && timeoutSeconds !== undefined ? about.startMs + timeoutSeconds * 1000 : undefined,
    };
    const live = this.#executor.adopt(execution, program);
    return this.#executor.post(live, () => {
      if (hash === machine.hash) this.#journal.putDefinition(hash, machine.definition);
      const { input, roleArn } = execution;
      live.run.event("ExecutionStarted", 0, { input: JSON.stringify(input), inputDetails: NOT_TRUNCATED, roleArn });
      live.run.spawn(undefined, execution.level, 0, input, 0);
      this.#announce(live.run.execution);
    });
  }

  async #recover(): Promise<void> {
    await this.#announcer.announceMissed();
    const running = this.#journal
      .running()
      .map((execution) => this.#executor.load(execution, this.#machines.program(execution.definition, this.#journal)));
    const orphans = new Set(running.filter(({ run }) => isOrphan(this.#executor, run.execution)));
    const steps = running.map((live) =>
      this.#executor.post(live, () =>
        orphans.has(live) ? abortRun(live.run, undefined, undefined) : resumeRun(live.run, this.#wasStarted),
      ),
    );
    await Promise.all(steps);
  }

  #perform(live: Live, effect: Effect): void {
    switch (effect.kind) {
      case "cancel":
        live.workers.get(effect.frame)?.abort();
        live.workers.delete(effect.frame);
        break;
      case "task":
        startWorker(this.#executor, live, effect, this.#runTask);
        break;
      case "child":
        this.#executor.track(startMapChild(this.#nursery, live, effect.frame, effect.index, effect.redrive));
        break;
      case "stop-children":
        this.#executor.track(stopMapChildren(this.#nursery, live, effect.frame));
        break;
    }
  }

  #ended(live: Live): void {
    const { execution } = live.run;
    this.#announce(execution);
    if (execution.parent !== undefined) this.#executor.track(reportToParent(this.#nursery, execution));
  }

  #announce(execution: Execution): void {
    this.#executor.track(this.#announcer.announce(execution));
  }
}
