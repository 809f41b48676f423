import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import * as z from "zod";
import { embeddedSecrets } from "../../../core/io/embedded/secrets.ts";
import { pingsOf } from "../../../core/model/pings.ts";
import { findEngine, type EngineClient } from "../../../embedded/control/client.ts";
import { isStateFolder } from "../../../embedded/server/state-folder.ts";
import { DEFAULT_PORT } from "../../../embedded/server/http.ts";
import { domains } from "../../../state-machines/index.ts";
import { EXIT, table } from "../output.ts";
import { DUCKDB_EXTENSIONS, ROOT, TOOL_PATH } from "../paths.ts";
import { readStatus } from "../status.ts";
import type { Verb } from "../verb.ts";

/** dbt and DuckDB spill to disk; below this a build of a day's logs may not fit. */
const DISK_MIN_GB = 2;
const EXTENSIONS = ["httpfs", "aws", "avro", "iceberg"];

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; empty when all is well. */
  readonly fix: string;
}

const finding = (check: string, ok: boolean, detail: string, fix: string): Finding => ({
  check,
  ok,
  detail,
  fix: ok ? "" : fix,
});

export const doctor: Verb = {
  usage: "doctor",
  summary: "Tell what is missing and what to do about it",
  home: "engine",
  examples: ["doctor", "doctor --json"],
  async run(_, { out, stateDir }) {
    const engine = await findEngine(stateDir);
    const findings = [
      ...installation(),
      ...[disk(stateDir), stateFolder(stateDir)],
      ...(await pings(stateDir)),
      ...(await engineFindings(engine)),
    ];
    out.result(findings, () =>
      table(
        ["", "check", "found", "what to do"],
        findings.map(({ check, ok, detail, fix }) => [ok ? "ok" : "!!", check, detail, fix]),
      ),
    );
    return findings.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
  },
};

function installation(): Finding[] {
  const python = join(TOOL_PATH[0] ?? "", "python");
  const dbt = join(TOOL_PATH[0] ?? "", "dbt");
  const missing = EXTENSIONS.filter((name) => !existsSync(join(DUCKDB_EXTENSIONS, `${name}.duckdb_extension`)));
  const major = Number(process.versions.node.split(".")[0]);
  return [
    finding(
      "node",
      major >= 24,
      process.versions.node,
      "Run through `npx millrace` or npm scripts: they bring Node 24.",
    ),
    finding("packages", existsSync(join(ROOT, "node_modules", "aws-cdk-lib")), "node_modules", "Run `npm ci`."),
    finding(
      "python",
      existsSync(python),
      python,
      "Run `npm start`: it makes the environment (needs Python 3.11 with venv).",
    ),
    finding("dbt", existsSync(dbt), dbt, "Run `npm start`: it installs dbt."),
    finding(
      "DuckDB extensions",
      missing.length === 0,
      missing.length === 0 ? DUCKDB_EXTENSIONS : `missing: ${missing.join(", ")}`,
      "Run `npm start`: it fetches them.",
    ),
  ];
}

function disk(stateDir: string): Finding {
  const folder = existsSync(stateDir) ? stateDir : dirname(stateDir);
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1024 ** 3;
  return finding(
    "disk",
    free >= DISK_MIN_GB,
    `${free.toFixed(1)} GB free for ${folder}`,
    `Make room: at least ${DISK_MIN_GB} GB.`,
  );
}

function stateFolder(stateDir: string): Finding {
  const check = "state folder";
  if (!existsSync(stateDir)) return finding(check, true, `${stateDir} (made at the first start)`, "");
  if (!isStateFolder(stateDir))
    return finding(check, false, `${stateDir} is something else`, "Name another folder with --state.");
  try {
    accessSync(stateDir, constants.W_OK);
  } catch {
    return finding(check, false, `${stateDir} cannot be written`, "Change its owner or its permissions.");
  }
  const secrets = statSync(join(stateDir, "secrets.json"), { throwIfNoEntry: false });
  const open = secrets !== undefined && (secrets.mode & 0o077) !== 0;
  return finding(
    check,
    !open,
    open ? "secrets.json is open to other users" : stateDir,
    `chmod 600 ${join(stateDir, "secrets.json")}`,
  );
}

/** Nothing is wrong without them: who is watched from outside is an operator's choice. */
async function pings(stateDir: string): Promise<Finding[]> {
  const roles = new Set(domains.flatMap(({ pipeline }) => pingsOf(pipeline).map(({ role }) => role)));
  const secrets = embeddedSecrets(stateDir);
  return Promise.all(
    [...roles].map(async (role) => {
      const isSet = await secrets.read(role).then(
        () => true,
        () => false,
      );
      return finding("ping", true, `${role} ${isSet ? "is told of results" : "has no value: nobody is told"}`, "");
    }),
  );
}

const DeadLetters = z.object({ deadLetters: z.array(z.looseObject({ rule: z.string(), error: z.string() })) });

async function engineFindings(engine: EngineClient | undefined): Promise<Finding[]> {
  if (engine === undefined) {
    const free = await isFree(DEFAULT_PORT);
    const port = free ? `port ${DEFAULT_PORT} is free` : `port ${DEFAULT_PORT} is taken: another one will be used`;
    return [finding("engine", true, `not running; ${port}`, "")];
  }
  const { deadLetters, warnings, running } = await readStatus(engine);
  const letters = deadLetters === 0 ? [] : (await engine.get("/api/dead-letters", DeadLetters)).deadLetters;
  return [
    finding("engine", true, `${engine.url}, process ${engine.address.pid}, ${running} runs under way`, ""),
    finding(
      "events",
      deadLetters === 0,
      letters.map(({ rule, error }) => `${rule}: ${error}`).join("; ") || "all handled",
      "Correct the cause, then land the object again.",
    ),
    ...warnings.map((warning) => finding("assembly", true, warning, "")),
  ];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
