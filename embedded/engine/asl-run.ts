import { VirtualClock } from "./clock.ts";
import { Engine, type Effects } from "./engine.ts";
import { EngineError, TIMEOUT } from "./errors.ts";
import type { ExecutionStatus } from "./frame.ts";
import type { HistoryEvent } from "./history.ts";
import { isJsonObject, type Json, parseJson } from "./json.ts";
import { loadDefinition } from "./load.ts";
import type { TaskCall, TaskOutcome } from "./tasks.ts";

/** One attempt of a task: what it returns, or how it fails. The last entry of a state repeats. */
export type MockOutcome = { readonly result: Json } | { readonly error: string; readonly cause?: string };
export type Mocks = Readonly<Record<string, readonly MockOutcome[]>>;

export interface AslRunResult {
  readonly status: Exclude<ExecutionStatus, "RUNNING">;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly history: readonly HistoryEvent[];
}

/** The mocks do not fit the machine. `hint` says what to change. */
export class MockProblem extends EngineError {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super("InvalidExecutionInput", message);
    this.hint = hint;
  }
}

const MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:asl-run";

/**
 * Runs one machine alone, in virtual time, with mocked tasks. `definition` and `mocks` are JSON text or values.
 * Throws `InvalidDefinition`, and `InvalidExecutionInput` for mocks that are malformed or lack a task that runs.
 */
export async function aslRun(request: {
  readonly definition: string | Json;
  readonly input?: Json;
  readonly mocks?: unknown;
}): Promise<AslRunResult> {
  const definition = typeof request.definition === "string" ? request.definition : JSON.stringify(request.definition);
  const load = { anyIntegration: true };
  loadDefinition(definition, load);
  const clock = new VirtualClock();
  const desk = new MockDesk(readMocks(request.mocks ?? {}));
  const engine = await Engine.open({
    file: ":memory:",
    machines: [{ arn: MACHINE, name: "asl-run", definition, roleArn: "arn:aws:iam::123456789012:role/asl-run" }],
    effects: NO_EFFECTS,
    tasks: (call) => desk.run(call),
    items: { read: (state) => desk.items(state.name), write: () => Promise.resolve() },
    clock,
    random: seeded(),
    load,
  });
  try {
    const { executionArn } = await engine.start(MACHINE, { name: "run", input: request.input ?? {} });
    for (;;) {
      await engine.settled();
      if (desk.problem !== undefined) throw desk.problem;
      const callback = desk.callbacks.shift();
      if (callback !== undefined) await callback(engine);
      else if (engine.pending() === 0 || !clock.fireNext()) break;
    }
    const { status, output, error, cause } = engine.describe(executionArn);
    if (status === "RUNNING") {
      throw new MockProblem("The execution waits for ever: nothing answers and no time-out is set.", "Set a time-out.");
    }
    return {
      status,
      ...(output === undefined ? {} : { output: parseJson(output) }),
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
      history: engine.history(executionArn, { limit: 25_000 }),
    };
  } finally {
    await engine.close();
  }
}

/** Hands out the mocked outcomes, one an attempt. Token and sync tasks answer right after they were submitted. */
class MockDesk {
  readonly #mocks: Mocks;
  readonly #used = new Map<string, number>();
  readonly callbacks: ((engine: Engine) => Promise<void>)[] = [];
  problem: MockProblem | undefined;

  constructor(mocks: Mocks) {
    this.#mocks = mocks;
  }

  #next(state: string, what = "task", result = "…"): MockOutcome | undefined {
    const outcomes = this.#mocks[state];
    const used = this.#used.get(state) ?? 0;
    this.#used.set(state, used + 1);
    const outcome = outcomes?.[Math.min(used, outcomes.length - 1)];
    if (outcome === undefined) {
      this.problem ??= new MockProblem(
        `The ${what} "${state}" ran, but the mocks have no entry for it.`,
        `Add ${JSON.stringify(state)}: [{"result": ${result}}] or [{"error": "Name", "cause": "…"}] to the mocks.`,
      );
    }
    return outcome;
  }

  /** The items of a distributed Map with an ItemReader: the mock of the Map state itself, a list. */
  async *items(state: string): AsyncGenerator<Json> {
    const outcome = this.#next(state, "ItemReader of", "[the items]");
    if (outcome === undefined) return;
    if ("error" in outcome) throw new Error(outcome.cause ?? outcome.error);
    if (Array.isArray(outcome.result)) yield* outcome.result;
    else throw new Error("Attempting to map over non-iterable node.");
  }

  async run(call: TaskCall): Promise<TaskOutcome> {
    const outcome = this.#next(call.state);
    if (outcome === undefined) return { kind: "silent" };
    if ("error" in outcome) {
      // A mocked time-out takes its time where the state sets one.
      if (outcome.error === TIMEOUT && call.timeoutSeconds !== undefined) {
        return call.token === undefined ? { kind: "silent" } : { kind: "submitted", value: {} };
      }
      if (call.token === undefined) return { kind: "failed", error: outcome.error, cause: outcome.cause };
      const { token } = call;
      this.callbacks.push((engine) => engine.sendTaskFailure(token, outcome.error, outcome.cause));
      return { kind: "submitted", value: {} };
    }
    if (call.token === undefined) return { kind: "result", value: outcome.result };
    const { token } = call;
    this.callbacks.push((engine) => engine.sendTaskSuccess(token, JSON.stringify(outcome.result)));
    return { kind: "submitted", value: {} };
  }
}

/** Checks a mocks file. Throws `InvalidExecutionInput` that names the state. */
function readMocks(value: unknown): Mocks {
  const json = typeof value === "string" ? parseJson(value) : value;
  const refuse = (what: string): never => {
    throw new MockProblem(
      `The mocks are wrong: ${what}.`,
      'Give {"State": [{"result": …} or {"error": "Name", "cause": "…"}, …]}.',
    );
  };
  if (!isRecord(json)) return refuse(`they must be an object of state names`);
  return Object.fromEntries(
    Object.entries(json).map(([state, entries]) => {
      if (!Array.isArray(entries) || entries.length === 0) return refuse(`"${state}" must be a list with an entry`);
      return [
        state,
        entries.map((entry: unknown) => readOutcome(entry) ?? refuse(`"${state}" holds neither result nor error`)),
      ];
    }),
  );
}

function readOutcome(entry: unknown): MockOutcome | undefined {
  const json = parseJson(JSON.stringify(entry ?? null));
  if (!isJsonObject(json)) return undefined;
  const { error, cause, result } = json;
  if (typeof error === "string") return typeof cause === "string" ? { error, cause } : { error };
  return result === undefined ? undefined : { result };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const NO_EFFECTS: Effects = {
  invokeLambda: () => Promise.reject(new Error("asl run has no effects")),
  runContainer: () => Promise.reject(new Error("asl run has no effects")),
};

/** mulberry32: the same run gives the same jitter and ids every time. */
function seeded(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
