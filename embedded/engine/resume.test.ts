import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VirtualClock } from "./clock.ts";
import { Engine, type Json } from "./engine.ts";
import type { TaskCall, TaskOutcome } from "./tasks.ts";

/**
 * An execution that is interrupted and resumed from what the journal held at any moment ends as the uninterrupted one.
 * Random machines run on a virtual clock; at a random moment the journal's files are copied, as a power cut would leave
 * them, and a second engine goes on from the copy.
 */

const ARN = "arn:aws:states:us-east-1:1:stateMachine:m";
const LOST = {
  ErrorEquals: ["Lambda.ServiceException", "Transient"],
  IntervalSeconds: 1,
  BackoffRate: 1,
  MaxAttempts: 50,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-resume-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Step =
  | { kind: "pass" | "lambda" | "token" | "event" | "wait" | "choice"; n: number }
  | { kind: "parallel" | "map" | "distributed"; n: number; inside: Step[][] };

const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    fc.record({
      kind: fc.constantFrom(
        "pass" as const,
        "lambda" as const,
        "token" as const,
        "event" as const,
        "wait" as const,
        "choice" as const,
      ),
      n: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({
      kind: fc.constantFrom("parallel" as const, "map" as const, "distributed" as const),
      n: fc.integer({ min: 0, max: 4 }),
      inside: fc.array(fc.array(tie("step"), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 }),
    }),
  ),
}));

/** Turns steps into a level. Values stay numbers, so every state can compute on whatever came before. */
function level(steps: readonly Step[], names: { next: number }): { StartAt: string; States: Record<string, Json> } {
  const ids = steps.map(({ kind }) => `${kind}${names.next++}`);
  const end = `End${names.next++}`;
  const States: Record<string, Json> = { [end]: { Type: "Succeed" } };
  steps.forEach((current, index) => {
    const Next = ids[index + 1] ?? end;
    States[ids[index] ?? ""] = state(current, Next, names, States);
  });
  return { StartAt: ids[0] ?? end, States };
}

function state(current: Step, Next: string, names: { next: number }, States: Record<string, Json>): Json {
  const number = "{% $number($states.input) %}";
  const failed = [
    {
      ErrorEquals: ["States.ALL"],
      Next,
      Output: 7,
      Assign: { failures: "{% $exists($failures) ? $failures + 1 : 1 %}" },
    },
  ];
  const Arguments = { Payload: { value: number, n: current.n } };
  switch (current.kind) {
    case "pass":
      return { Type: "Pass", Assign: { last: number }, Output: `{% $states.input + ${current.n} %}`, Next };
    case "wait":
      return { Type: "Wait", Seconds: current.n, Next };
    case "choice": {
      const other = `Odd${names.next++}`;
      States[other] = { Type: "Pass", Output: "{% $states.input * 2 %}", Next };
      return { Type: "Choice", Choices: [{ Condition: "{% $states.input % 2 = 1 %}", Next: other }], Default: Next };
    }
    case "lambda":
      return {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments,
        Retry: [LOST],
        Catch: failed,
        Next,
      };
    case "event":
      return { Type: "Task", Resource: "arn:aws:states:::events:putEvents", Arguments, Catch: failed, Next };
    case "token":
      return {
        ...{ Type: "Task", Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken", Arguments, HeartbeatSeconds: 5 },
        ...{ Retry: [LOST], Catch: failed, Next },
      };
    case "parallel":
      return {
        Type: "Parallel",
        Branches: current.inside.map((branch) => level(branch, names)),
        Output: "{% $sum($states.result) %}",
        Next,
      };
    default: {
      const mode = current.kind === "map" ? "INLINE" : "DISTRIBUTED";
      const ItemProcessor = { ProcessorConfig: { Mode: mode }, ...level(current.inside[0] ?? [], names) };
      const Items = Array.from({ length: current.n }, (_, i) => i);
      return { Type: "Map", Items, MaxConcurrency: 2, ItemProcessor, Output: "{% $sum($states.result) + 0 %}", Next };
    }
  }
}

interface Ending {
  readonly status: string;
  readonly output: string | undefined;
}

/** Runs until the end. `interrupt` is called at every moment at which something outside happens. */
async function drive(
  file: string,
  definition: string,
  clock: VirtualClock,
  interrupt: () => void,
  name?: string,
): Promise<Ending> {
  const callbacks: ((engine: Engine) => Promise<void>)[] = [];
  const tasks = async (call: TaskCall): Promise<TaskOutcome> => {
    interrupt();
    const { value, n } = (call.arguments as { Payload: { value: number; n: number } }).Payload;
    const fails = (value + n) % 4 === 0;
    const { token } = call;
    if (token === undefined)
      return fails ? { kind: "failed", error: "Bad", cause: "x" } : { kind: "result", value: value + n };
    callbacks.push((engine) =>
      fails ? engine.sendTaskFailure(token, "Bad", "x") : engine.sendTaskSuccess(token, String(value + n)),
    );
    return { kind: "submitted", value: {} };
  };
  const machines = [{ arn: ARN, name: "m", definition, roleArn: "r" }];
  const effects = { invokeLambda: () => Promise.resolve(), runContainer: () => Promise.resolve() };
  const engine = await Engine.open({ file, machines, effects, tasks, clock });
  try {
    if (name !== undefined) await engine.start(ARN, { name, input: 1 });
    for (;;) {
      await engine.settled();
      interrupt();
      const callback = callbacks.shift();
      if (callback !== undefined) await callback(engine);
      else if (engine.pending() === 0 || !clock.fireNext()) break;
    }
    const { status, output } = engine.describe(`${ARN.replace("stateMachine", "execution")}:run`);
    const history = engine.history(`${ARN.replace("stateMachine", "execution")}:run`, { limit: 25_000 });
    expect(history.map((event) => event.id)).toEqual(history.map((_, index) => index + 1));
    expect(history.every((event) => event.previousEventId < event.id)).toBe(true);
    return { status, output };
  } finally {
    await engine.close();
  }
}

test("an interrupted run ends as the uninterrupted one", async () => {
  let runs = 0;
  let resumed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat({ max: 15 }), { minLength: 3, maxLength: 5 }),
      async (steps, moments) => {
        const home = join(folder, String(runs++));
        mkdirSync(home);
        const definition = JSON.stringify({ QueryLanguage: "JSONata", ...level(steps, { next: 0 }) });
        const file = join(home, "engine.db");
        const clock = new VirtualClock();
        const copies: { file: string; now: number }[] = [];
        let moment = 0;
        const whole = await drive(
          file,
          definition,
          clock,
          () => {
            if (!moments.includes(moment++)) return;
            const copy = join(home, `copy${copies.length}.db`);
            copyFileSync(file, copy);
            if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
            copies.push({ file: copy, now: clock.now() });
          },
          "run",
        );
        expect(whole.status).toBe("SUCCEEDED");
        for (const copy of copies) {
          resumed += 1;
          expect(await drive(copy.file, definition, new VirtualClock(copy.now), () => undefined)).toEqual(whole);
        }
        rmSync(home, { recursive: true, force: true });
      },
    ),
    { numRuns: 60 },
  );
  expect(resumed).toBeGreaterThan(30);
});
