import * as z from "zod";
import type { ContainerTask } from "../assembly/containers.ts";
import { runContainer, type ContainerEnd, type ContainerRun } from "./container-run.ts";
import type { Surroundings } from "./environment.ts";
import { createSlots } from "./slots.ts";
import { TaskError } from "../engine/errors.ts";

/** The part of ECS RunTask that our machines use. */
const RunTaskArguments = z.object({
  TaskDefinition: z.string(),
  LaunchType: z.string().optional(),
  CapacityProviderStrategy: z.array(z.object({ CapacityProvider: z.enum(["FARGATE", "FARGATE_SPOT"]) })).optional(),
  Overrides: z
    .object({
      ContainerOverrides: z
        .array(
          z.object({
            Command: z.array(z.string()).optional(),
            Environment: z.array(z.object({ Name: z.string(), Value: z.string() })).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** ECS's limit on overrides, formatting included. Its tokens are longer than ours, about a thousand characters. */
const OVERRIDES_MAX_CHARS = 8_192;
const AWS_TOKEN_CHARS = 1_024;

/** A task that waits for a slot is alive: its heartbeat is ours to send, three times within the shortest allowed. */
const QUEUE_HEARTBEAT_MS = 10_000;

/**
 * A worker that has reported once does so every 20 s (core/heartbeat.ts). Its machine's heartbeat is minutes, for in AWS
 * it holds the pull of the image; who runs the process can tell by itself that it has fallen silent.
 */
const SILENCE_MS = 60_000;

export interface TokenCalls {
  /** Both may be refused because the execution has moved on; that is no error here. */
  fail(token: string, error: string, cause: string): void;
  heartbeat(token: string): void;
}

export interface ContainerPool {
  /** Accepts the task and returns; its end arrives through the task token. Throws TaskError. */
  run(
    parameters: unknown,
    token: string | undefined,
    signal: AbortSignal,
    onStart: () => () => void,
  ): Promise<{ readonly taskArn: string }>;
  /** The worker with this token has reported that it lives: from its first report on it has to go on. */
  heard(token: string): void;
  readonly busy: number;
  readonly waiting: number;
  /** Stops all and waits for their end. */
  stop(): Promise<void>;
}

export function createContainerPool(options: {
  readonly containers: readonly ContainerTask[];
  readonly surroundings: Surroundings;
  readonly concurrency: number;
  readonly tokens: TokenCalls;
  readonly silenceMs?: number;
}): ContainerPool {
  const { containers, surroundings, tokens, silenceMs = SILENCE_MS } = options;
  const slots = createSlots(options.concurrency);
  const running = new Map<ContainerRun, Promise<void>>();
  const watched = new Map<string, { readonly run: ContainerRun; silence?: NodeJS.Timeout }>();
  const stopping = new AbortController();
  let count = 0;

  const work = async (
    task: ContainerTask,
    parameters: z.infer<typeof RunTaskArguments>,
    token: string | undefined,
    signal: AbortSignal,
    onStart: () => () => void,
  ) => {
    const beat = token === undefined ? undefined : setInterval(() => tokens.heartbeat(token), QUEUE_HEARTBEAT_MS);
    const release = await slots.take(task.family, signal).finally(() => clearInterval(beat));
    const onEnd = onStart();
    const override = parameters.Overrides?.ContainerOverrides?.[0];
    const environment = Object.fromEntries((override?.Environment ?? []).map(({ Name, Value }) => [Name, Value]));
    const command = override?.Command;
    const run = runContainer(task, { environment, ...(command === undefined ? {} : { command }) }, surroundings);
    const stop = (): void => run.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (token !== undefined) watched.set(token, { run });
    const finished = run.ended.then((end) => {
      clearTimeout(watched.get(token ?? "")?.silence);
      watched.delete(token ?? "");
      signal.removeEventListener("abort", stop);
      running.delete(run);
      onEnd();
      release();
      // A task that has answered is past this: the engine refuses the second answer.
      if (token !== undefined) tokens.fail(token, "Transient", lostCause(task, end));
    });
    running.set(run, finished);
    await finished;
  };

  return {
    run(parameters, token, signal, onStart) {
      const parsed = RunTaskArguments.safeParse(parameters);
      if (!parsed.success) {
        return Promise.reject(new TaskError("ECS.InvalidParameterException", z.prettifyError(parsed.error)));
      }
      const refused = refusal(parsed.data, token);
      if (refused !== undefined) return Promise.reject(new TaskError("ECS.InvalidParameterException", refused));
      const wanted = parsed.data.TaskDefinition;
      const task = containers.find(({ arn, family }) => wanted === family || wanted === arn || `${wanted}:1` === arn);
      if (task === undefined) {
        return Promise.reject(new TaskError("ECS.ClientException", `TaskDefinition not found: ${wanted}`));
      }
      count += 1;
      const taskArn = `arn:aws:ecs:us-east-1:000000000000:task/${task.family}/${process.pid}-${count}`;
      // An aborted wait for a slot is the execution's own doing.
      void work(task, parsed.data, token, AbortSignal.any([signal, stopping.signal]), onStart).catch(() => undefined);
      return Promise.resolve({ taskArn });
    },
    heard(token) {
      const worker = watched.get(token);
      if (worker === undefined) return;
      clearTimeout(worker.silence);
      worker.silence = setTimeout(() => worker.run.kill(), silenceMs);
    },
    get busy() {
      return slots.used;
    },
    get waiting() {
      return slots.waiting;
    },
    async stop() {
      stopping.abort();
      await Promise.all(running.values());
    },
  };
}

/** What AWS would refuse, so that nothing runs on one machine that does not run there. */
function refusal(
  { LaunchType, CapacityProviderStrategy, Overrides }: z.infer<typeof RunTaskArguments>,
  token = "",
): string | undefined {
  if (LaunchType !== undefined && CapacityProviderStrategy !== undefined)
    return "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.";
  const length = JSON.stringify(Overrides?.ContainerOverrides ?? []).length - token.length + AWS_TOKEN_CHARS;
  return length > OVERRIDES_MAX_CHARS
    ? `Container Overrides length must be at most ${OVERRIDES_MAX_CHARS}: pass keys of objects, not their content.`
    : undefined;
}

/** A failure record as tasks write it themselves (`core/model/failures.ts`). */
function lostCause(task: ContainerTask, end: ContainerEnd): string {
  const memory = end.outOfMemory || end.exitCode === 137;
  const code = memory ? "worker_killed_or_out_of_memory" : "worker_lost";
  const how = end.outOfMemory
    ? `used more than its ${task.memoryMb} MB of memory`
    : end.exitCode === undefined
      ? "was killed"
      : `ended with exit code ${end.exitCode}`;
  return JSON.stringify({
    class: "Transient",
    code: end.outOfMemory ? "worker_out_of_memory" : code,
    what: `run the container ${task.containerName}`,
    message: `The worker of ${task.containerName} ${how} before it had answered. Another attempt may get through.`,
    retryable: true,
    hint: `Read logs/${task.family}.log in the state folder.`,
    details: { exitCode: end.exitCode ?? null, memoryMb: task.memoryMb },
  });
}
