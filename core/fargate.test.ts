import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const WORKER = join(import.meta.dirname, "..", "test", "containers", "children", "worker.ts");

/** What was called, in order: the token routes of the engine, which a container answers to at home and to SFN in AWS. */
interface Call {
  readonly verb: string;
  readonly body: Readonly<Record<string, unknown>>;
}

let folder: string;
let server: Server;
let calls: Call[];
let statusOf: (call: Call) => number;
let waiting: { readonly verb: string; readonly done: () => void }[];
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-fargate-"));
  calls = [];
  waiting = [];
  statusOf = () => 200;
  server = createServer((request, response) => {
    void json(request).then((body) => {
      const call: Call = { verb: request.url?.split("/").at(-1) ?? "", body: body as Call["body"] };
      calls.push(call);
      response.statusCode = statusOf(call);
      response.end("{}");
      for (const { done } of waiting.filter(({ verb }) => verb === call.verb)) done();
      waiting = waiting.filter(({ verb }) => verb !== call.verb);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

const called = (verb: string): Promise<void> => new Promise((done) => waiting.push({ verb, done }));
const answers = (): Call[] => calls.filter(({ verb }) => verb !== "heartbeat");
const causeOf = ({ body }: Call): unknown => JSON.parse(String(body["cause"]));

/** A container's command as ECS starts it; file descriptor 3 is what its handler says. */
function start(act: string, env: Readonly<Record<string, string>> = {}) {
  const { port } = server.address() as AddressInfo;
  const run = {
    id: "r",
    domain: "d",
    job: "j",
    trigger: "manual",
    startedAt: "2026-01-01T00:00:00Z",
    state: "W",
    attempt: 0,
  };
  const child = spawn(process.execPath, [WORKER], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"],
      MILLRACE_ENVIRONMENT: "dev",
      ...Object.fromEntries(
        ["LANDING", "LAKE", "QUARANTINE", "ARTIFACTS", "DROPS"].map((role) => [`MILLRACE_BUCKET_${role}`, "b"]),
      ),
      ...{ MILLRACE_LEDGER_TABLE: "t", MILLRACE_BUS: "b", MILLRACE_LAKE_CATALOG: "c", MILLRACE_SECRET_PREFIX: "s" },
      MILLRACE_MACHINE_ARN_PREFIX: "m",
      MILLRACE_EMBEDDED_STATE: folder,
      MILLRACE_EMBEDDED_URL: `http://127.0.0.1:${port}`,
      MILLRACE_EMBEDDED_CATALOG: "http://127.0.0.1:9",
      MILLRACE_TASK_NAME: "Worker",
      MILLRACE_TASK_TOKEN: "token",
      MILLRACE_INPUT: JSON.stringify({ run, input: { act } }),
      MILLRACE_HEARTBEAT_SECONDS: "60",
      MILLRACE_STOP_SECONDS: "30",
      POWERTOOLS_DEV: "false",
      ...env,
    },
  });
  children.push(child);
  const said: string[] = [];
  const reader = createInterface({ input: child.stdio[3] as NodeJS.ReadableStream });
  reader.on("line", (line) => said.push(line));
  const ended = once(child, "exit").then(([code, signal]: (number | string | null)[]) => code ?? signal);
  const saying = async (text: string): Promise<void> => {
    while (!said.some((line) => line.startsWith(text))) await once(reader, "line");
  };
  return { child, said, ended, saying };
}

describe("a container's task", () => {
  it("beats before it works, and answers once", async () => {
    const { ended } = start("succeed");
    expect(await ended).toBe(0);
    expect(calls.map(({ verb }) => verb)).toEqual(["heartbeat", "succeed"]);
    expect(answers()[0]?.body).toEqual({ token: "token", output: { rows: 3 } });
  });

  it("fails by its own name, with its record as cause", async () => {
    const { ended } = start("fail");
    expect(await ended).toBe(0);
    expect(answers()).toMatchObject([{ verb: "fail", body: { error: "Malformed" } }]);
    expect(causeOf(answers()[0] as Call)).toMatchObject({ class: "Malformed", code: "gzip_truncated" });
  });

  it("names what Step Functions would not carry", async () => {
    const { ended } = start("large");
    expect(await ended).toBe(0);
    expect(answers()).toMatchObject([{ verb: "fail", body: { error: "OutputTooLarge" } }]);
    expect(causeOf(answers()[0] as Call)).toMatchObject({ message: expect.stringContaining("300002 bytes") });
  });

  it("answers for what was thrown outside of it", async () => {
    const { ended } = start("crash");
    expect(await ended).toBe(0);
    expect(answers()).toMatchObject([{ verb: "fail", body: { error: "TypeError" } }]);
    expect(causeOf(answers()[0] as Call)).toMatchObject({
      message: expect.stringContaining("outside of every promise"),
    });
  });

  it("tries its answer again when it does not get through", async () => {
    let refused = 0;
    statusOf = ({ verb }) => (verb === "succeed" && (refused += 1) <= 5 ? 503 : 200);
    const { ended } = start("succeed");
    expect(await ended).toBe(0);
    expect(answers()).toHaveLength(6);
  });

  it("gives an answer up that never gets through, within the heartbeat's bound", async () => {
    statusOf = ({ verb }) => (verb === "succeed" ? 503 : 200);
    const { ended } = start("succeed", { MILLRACE_HEARTBEAT_SECONDS: "1" });
    expect(await ended).toBe(1);
  });

  it("does not start where nobody waits any more", async () => {
    statusOf = () => 410;
    const { ended, said } = start("succeed");
    expect(await ended).toBe(1);
    expect(said).toEqual([]);
    expect(answers()).toEqual([]);
  });
});

describe("a heartbeat", () => {
  const often = { MILLRACE_HEARTBEAT_SECONDS: "0.6" };

  it("goes on while the task works, and ends with a killed worker", async () => {
    const { child, ended, saying } = start("hang", often);
    await saying("working");
    await called("heartbeat");
    await called("heartbeat");
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    expect(answers()).toEqual([]);
  });

  it("that is told that nobody waits stops the work", async () => {
    const { ended, saying } = start("hang", often);
    await saying("working");
    statusOf = () => 410;
    expect(await ended).toBe(1);
    expect(answers()).toEqual([]);
  });

  it("that does not get through for the whole bound stops the work: another worker may be at it", async () => {
    const { ended, saying } = start("hang", often);
    await saying("working");
    statusOf = () => 503;
    expect(await ended).toBe(1);
    expect(answers()).toEqual([]);
  });
});

describe("SIGTERM, from spot or from an operator", () => {
  it("is answered as Transient: the next attempt starts at once", async () => {
    const { child, ended, saying } = start("hang");
    await saying("working");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(answers()).toMatchObject([{ verb: "fail", body: { error: "Transient" } }]);
    expect(causeOf(answers()[0] as Call)).toMatchObject({ code: "interrupted", retryable: true });
  });

  it("lets work end that ends in the time that is left", async () => {
    const { child, ended, saying } = start("finish", { MILLRACE_STOP_SECONDS: "120" });
    await saying("working");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(answers()).toMatchObject([{ verb: "succeed", body: { output: "finished" } }]);
  });

  it("ends the child first, and what the task then says is about the stop", async () => {
    const dbt = join(folder, "dbt");
    writeFileSync(dbt, `#!/usr/bin/env node\nconsole.log("child works");\nsetInterval(() => {}, 1000);\n`, {
      mode: 0o755,
    });
    const { child, ended, saying, said } = start("child", { CHILD: dbt, MILLRACE_STOP_SECONDS: "120" });
    await saying("child works");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(said.at(-1)).toBe("child ended null");
    expect(answers()).toMatchObject([{ verb: "fail", body: { error: "Transient" } }]);
    expect(causeOf(answers()[0] as Call)).toMatchObject({
      code: "interrupted",
      causedBy: expect.stringContaining("dbt_did_not_run"),
    });
  });
});
