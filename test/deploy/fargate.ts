import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  StopTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { names } from "./account.ts";
import { ROOT } from "./checkout.ts";
import type { Emulator } from "./emulator.ts";

const POLL_MS = 100;

export interface RanTask {
  readonly container: string;
  readonly code: number | null;
  readonly log: string;
}

export type Fargate = ReturnType<typeof startFargate>;

/**
 * Fargate's part where nobody has it: the emulator accepts RunTask and runs nothing. Every task that its ECS lists is
 * run as a process, with the command and the environment that ECS states (definition and overrides) in the folder
 * that its image would have been built of (`root`/.tools/contexts/<tag>), and stopped in ECS when it ends.
 */
export function startFargate({ env }: Emulator, root: string) {
  const ecs = new ECSClient({
    region: "us-east-1",
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const cluster = names.cluster;
  const folder = mkdtempSync(join(tmpdir(), "millrace-fargate-"));
  const seen = new Set<string>();
  const running = new Set<ChildProcess>();
  const ran: RanTask[] = [];

  const run = async (task: Task): Promise<void> => {
    const override = task.overrides?.containerOverrides?.[0];
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: task.taskDefinitionArn }),
    );
    const container = taskDefinition?.containerDefinitions?.[0];
    const [program = "", ...args] = override?.command ?? container?.command ?? [];
    const [name = "", tag = ""] = [container?.name, container?.image?.split(":").at(-1)];
    const given = [...(container?.environment ?? []), ...(override?.environment ?? [])];
    const logFile = join(folder, `${name}-${seen.size}.log`);
    const child = spawn(program, args, {
      cwd: join(root, ".tools", "contexts", tag),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        // What the image holds.
        PATH: `${join(ROOT, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
        NODE_PATH: join(ROOT, "node_modules"),
        TMPDIR: folder,
        HOME: folder,
        MILLRACE_DUCKDB_EXTENSIONS: join(ROOT, ".tools", "duckdb-extensions"),
        MILLRACE_DBT: join(ROOT, ".tools", "python", "bin", "dbt"),
        // What ECS gives.
        ...env,
        ...Object.fromEntries(given.map((pair) => [pair.name ?? "", pair.value ?? ""])),
      },
    });
    running.add(child);
    const log = createWriteStream(logFile);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const code = await new Promise<number | null>((ended) => child.once("close", ended));
    await new Promise((flushed) => log.end(flushed));
    running.delete(child);
    ran.push({ container: name, code, log: readFileSync(logFile, "utf8") });
    await ecs.send(new StopTaskCommand({ cluster, task: task.taskArn, reason: `exit code ${code}` }));
  };

  const work: Promise<void>[] = [];
  const poll = async (): Promise<void> => {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, desiredStatus: "RUNNING" }));
    const fresh = taskArns.filter((arn) => !seen.has(arn));
    if (fresh.length === 0) return;
    for (const arn of fresh) seen.add(arn);
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: fresh }));
    work.push(...tasks.map(run));
  };
  // Before the first deploy, and after the last destroy, there is no cluster to ask.
  const polling = setInterval(() => void poll().catch(() => undefined), POLL_MS);

  return {
    /** Tasks that have ended, in that order. */
    ran: ran as readonly RanTask[],
    stop: async (): Promise<void> => {
      clearInterval(polling);
      for (const child of running) child.kill("SIGKILL");
      await Promise.allSettled(work);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
