import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { writeTinyAssembly } from "../test/standins/tiny-assembly.ts";
import { findEngine, type EngineClient } from "./control/client.ts";
import { landFiles } from "./control/land.ts";
import { startHome, type Home, type HomeOptions } from "./server.ts";
import { readAddress } from "./server/state-folder.ts";

const invoke = (name: string, more: object = {}) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: `\${${name}}`, Payload: "{% $states.input %}" },
  Output: "{% $states.result.Payload %}",
  TimeoutSeconds: 60,
  End: true,
  ...more,
});
const contain = (name: string) => ({
  Type: "Task",
  Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken",
  Arguments: {
    TaskDefinition: `\${${name}}`,
    Overrides: {
      ContainerOverrides: [
        {
          Name: name,
          Environment: [
            { Name: "TOKEN", Value: "{% $states.context.Task.Token %}" },
            { Name: "INPUT", Value: "{% $string($states.input) %}" },
          ],
        },
      ],
    },
  },
  HeartbeatSeconds: 60,
  End: true,
});
const alone = (state: object) => ({ StartAt: "Only", States: { Only: state } });

const ANSWER = `fetch(process.env.MILLRACE_EMBEDDED_URL + "/tokens/succeed", { method: "POST", headers: { "content-type": "application/json" },
  body: JSON.stringify({ token: process.env.TOKEN, output: { got: JSON.parse(process.env.INPUT), shell: process.env.MILLRACE_TEST_SHELL ?? null } }) }).then(() => process.exit(0));`;

let root: string;
let home: Home;
let engine: EngineClient;
const options = (stateDir: string, more: Partial<HomeOptions> = {}): HomeOptions => ({
  stateDir,
  assemblyDir: join(root, "assembly"),
  environment: "dev",
  duckdbExtensions: join(root, "extensions"),
  toolPath: [],
  inbox: { name: "learn", signatureHeader: "X-Signature", secretRole: "learn/webhook" },
  onFatal: (error) => {
    throw error;
  },
  log: () => undefined,
  ...more,
});
const Run = z.looseObject({
  id: z.string(),
  status: z.string(),
  error: z.object({ name: z.string(), code: z.string(), message: z.string() }).nullable(),
  output: z.unknown().optional(),
});

async function run(machine: string, input: unknown): Promise<z.infer<typeof Run>> {
  const { id } = await engine.post("/api/start", { machine, input }, Run);
  return ended(id);
}

async function ended(id: string): Promise<z.infer<typeof Run>> {
  for (;;) {
    const found = await engine.get(`/api/runs/${id}`, Run);
    if (found.status !== "running") return found;
    await sleep(20);
  }
}

beforeAll(async () => {
  process.env["MILLRACE_TEST_SHELL"] = "leaked";
  root = mkdtempSync(join(tmpdir(), "home-"));
  writeTinyAssembly(join(root, "assembly"), {
    functions: {
      Echo: {
        code: `let calls = 0; exports.handler = async (event) => ({ event, pid: process.pid, calls: ++calls, shell: process.env.MILLRACE_TEST_SHELL ?? null, region: process.env.AWS_REGION });`,
      },
      Throw: {
        code: `exports.handler = async () => { const e = new Error(JSON.stringify({ class: "Rejected", code: "no_way", message: "No way." })); e.name = "Rejected"; throw e; };`,
      },
      Exit: { code: `exports.handler = async () => process.exit(3);` },
      Crash: { code: `exports.handler = async () => process.abort();` },
      Killed: { code: `exports.handler = async () => process.kill(process.pid, "SIGKILL");` },
      Slow: { code: `exports.handler = async () => new Promise((r) => setTimeout(r, 60000));`, timeoutSeconds: 1 },
      Greedy: {
        code: `exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise((r) => setTimeout(r, 5)); } };`,
        memoryMb: 160,
      },
      Spawner: {
        code: `exports.handler = async () => { require("node:child_process").spawn("sleep", ["1234"]); throw new Error("no"); };`,
      },
    },
    containers: {
      Answer: { code: ANSWER },
      Silent: { code: `process.exit(7);` },
      Hog: { code: `const all = []; setInterval(() => all.push(Buffer.alloc(8 << 20, 1)), 5);`, memoryMb: 160 },
    },
    machines: {
      echo: alone(invoke("Echo")),
      throw: alone(invoke("Throw")),
      exit: alone(invoke("Exit")),
      crash: alone(invoke("Crash")),
      killed: alone(invoke("Killed")),
      slow: alone(invoke("Slow")),
      greedy: alone(invoke("Greedy")),
      answer: alone(contain("Answer")),
      silent: alone(contain("Silent")),
      hog: alone(contain("Hog")),
      wait: alone({ Type: "Wait", Seconds: 3600, End: true }),
      landed: alone(invoke("Echo")),
    },
    landings: {
      landed: { machine: "landed", prefix: "sources/" },
    },
  });
  home = await startHome(options(join(root, "state")));
  const found = await findEngine(join(root, "state"));
  if (found === undefined) throw new Error("no engine");
  engine = found;
});
afterAll(async () => {
  await home?.stop();
  rmSync(root, { recursive: true, force: true });
});

describe("functions", () => {
  test("answer, stay warm, and see nothing of the engine's own environment", async () => {
    const [first, second] = [await run("echo", { n: 1 }), await run("echo", { n: 2 })];
    expect(first).toMatchObject({
      status: "succeeded",
      output: { event: { n: 1 }, calls: 1, shell: null, region: "us-east-1" },
    });
    expect(second).toMatchObject({ output: { event: { n: 2 }, calls: 2 } });
  });

  test.each([
    ["throw", "Rejected", "no_way", /No way/],
    ["exit", "Runtime.ExitError", "Runtime.ExitError", /exit status 3/],
    ["crash", "Runtime.ExitError", "Runtime.ExitError", /signal: aborted/],
    ["killed", "Lambda.ServiceException", "Lambda.ServiceException", /SIGKILL/],
    ["slow", "Sandbox.Timedout", "Sandbox.Timedout", /timed out after 1.00 seconds/],
    ["greedy", "Runtime.OutOfMemory", "Runtime.OutOfMemory", /160 MB/],
  ])("that %s end the run as %s", async (machine, name, code, message) => {
    const { status, error } = await run(machine, {});
    expect(status).toBe("failed");
    expect(error).toMatchObject({ name, code, message: expect.stringMatching(message) });
  });
});

describe("containers", () => {
  test("answer through their token, with only their own environment", async () => {
    expect(await run("answer", { a: 1 })).toMatchObject({
      status: "succeeded",
      output: { got: { a: 1 }, shell: null },
    });
  });

  test.each([
    ["silent", "worker_lost", /exit code 7/],
    ["hog", "worker_out_of_memory", /160 MB/],
  ])("that end %s fail their token at once", async (machine, code, message) => {
    const { error } = await run(machine, {});
    expect(error).toMatchObject({ name: "Transient", code, message: expect.stringMatching(message) });
  });
});

describe("events", () => {
  async function land(key: string): Promise<(readonly z.infer<typeof Run>[] | null)[]> {
    const file = join(root, "file");
    writeFileSync(file, "x");
    const [landed] = await landFiles(join(root, "state"), "tiny-landing", [{ path: file, key }], () => undefined);
    const Followed = z.object({ settled: z.boolean(), objects: z.array(z.array(Run).nullable()) });
    let followed: z.infer<typeof Followed>;
    do {
      await sleep(20);
      followed = await engine.post("/api/follow", { objects: [landed] }, Followed);
    } while (!followed.settled);
    return followed.objects;
  }

  test("an object that lands starts its machine once, and can be followed", async () => {
    expect(await land("sources/a+b c.log")).toMatchObject([
      [{ status: "succeeded", output: { event: { key: "sources/a+b c.log" } } }],
    ]);
  });
});

describe("the control API", () => {
  const status = (path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      request(new URL(path, engine.url), { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });

  test("wants the token of engine.json, which is its owner's alone", async () => {
    const { token } = engine.address;
    expect(await status("/api/status", {})).toBe(401);
    expect(await status("/api/status", { authorization: "Bearer wrong" })).toBe(401);
    expect(await status("/api/status", { authorization: `Bearer ${token}` })).toBe(200);
    expect(statSync(join(root, "state", "engine.json")).mode & 0o077).toBe(0);
  });

  test("serves loopback names only, so that no web page reaches it through a name of its own", async () => {
    expect(await status("/api/health", { host: "evil.example" })).toBe(403);
    expect(await status("/", {})).toBe(200);
    expect(await status("/catalog/v1/config", { host: "evil.example:80" })).toBe(403);
    expect(await status("/catalog/v1/config", { host: `localhost:${home.port}` })).toBe(200);
  });

  test("tells a run that does not exist and a machine that does not exist apart from a fault", async () => {
    await expect(engine.get("/api/runs/nothing", z.unknown())).rejects.toMatchObject({ code: "run_missing" });
    await expect(engine.post("/api/start", { machine: "nothing" }, z.unknown())).rejects.toMatchObject({
      code: "machine_missing",
    });
  });

  test("a run that waits can be stopped", async () => {
    const { id } = await engine.post("/api/start", { machine: "wait", input: {} }, Run);
    await engine.post(`/api/runs/${id}/stop`, {}, Run);
    expect(await ended(id)).toMatchObject({ status: "cancelled" });
  });
});

describe("the inbox", () => {
  test("takes what is signed with the secret it wrote, and answers 405 to the rest", async () => {
    const secrets: unknown = JSON.parse(readFileSync(join(root, "state", "secrets.json"), "utf8"));
    const { url, token } = z
      .object({ "learn/webhook": z.object({ url: z.string(), token: z.string() }) })
      .parse(secrets)["learn/webhook"];
    const body = '{"a":"\\u00e9"}';
    const post = async (signature: string) => {
      const response = await fetch(`${url}/api/v1/x/`, { method: "POST", body, headers: { "X-Signature": signature } });
      return { status: response.status, answer: await response.json() };
    };
    expect(await post(createHmac("sha256", token).update(body).digest("hex"))).toEqual({
      status: 200,
      answer: { status: "success", message: "Webhook received" },
    });
    expect(await post("0".repeat(64))).toMatchObject({ status: 405 });
    const { received } = await engine.get(
      "/api/webhooks",
      z.object({ received: z.array(z.object({ body: z.string(), signatureValid: z.boolean() })) }),
    );
    expect(received).toMatchObject([
      { body, signatureValid: true },
      { body, signatureValid: false },
    ]);
  });
});

describe("one state folder", () => {
  test("has one engine; the second is told which, and harms nothing", async () => {
    await expect(startHome(options(join(root, "state")))).rejects.toMatchObject({
      code: "engine_running",
      message: expect.stringContaining(String(process.pid)),
    });
    expect(await run("echo", {})).toMatchObject({ status: "succeeded" });
    expect(readAddress(join(root, "state"))?.token).toBe(engine.address.token);
  });

  test("a folder with other people's files is refused", async () => {
    await expect(startHome(options(join(root, "assembly")))).rejects.toMatchObject({ code: "foreign_state_folder" });
    expect(existsSync(join(root, "assembly", "manifest.json"))).toBe(true);
  });

  test("a port that was asked for and is taken is an error; without asking another one is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startHome(options(join(root, "other"), { port }))).rejects.toMatchObject({ code: "port_busy" });
    taken.close();
    const other = await startHome(options(join(root, "other")));
    expect(other.port).not.toBe(home.port);
    await other.stop();
    expect(readAddress(join(root, "other"))).toBeUndefined();
  });
});

test("no worker outlives its engine", async () => {
  const stateDir = join(root, "short");
  const other = await startHome(options(stateDir));
  const client = await findEngine(stateDir);
  await client?.post("/api/start", { machine: "echo", input: {} }, z.unknown());
  await client?.post("/api/start", { machine: "slow", input: {} }, z.unknown());
  await sleep(300);
  const marked = (): string[] => {
    const { stdout } = spawnSync(
      "grep",
      ["-lsa", `MILLRACE_WORKER_OF=${stateDir}`, "-r", "/proc", "--include=environ", "--exclude-dir=task"],
      { encoding: "utf8" },
    );
    return stdout.split("\n").filter((line) => /^\/proc\/\d+\/environ$/.test(line));
  };
  expect(marked().length).toBeGreaterThan(0);
  await other.stop();
  for (let tries = 0; marked().length > 0 && tries < 50; tries += 1) await sleep(20);
  expect(marked()).toEqual([]);
});
