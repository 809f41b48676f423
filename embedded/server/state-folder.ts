import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { embeddedFailure, isBusy } from "../../core/io/embedded/errors.ts";
import { Failure } from "../../core/model/failures.ts";

/** Tells our folder from any other: `reset` deletes nothing without it. */
const MARK = "millrace-state.json";
/** Of everything in the folder. Raised only by a change that an older release would damage (docs/adr/013). */
const FORMAT = 1;
const Mark = z.object({ millrace: z.literal("state"), version: z.number().int() });
const ADDRESS = "engine.json";
/** What an operator or a command may put in before the first start. */
const BEFORE: ReadonlySet<string> = new Set(["logs", "secrets.json", "origins.json"]);

/** Where the engine of a state folder listens; readable by its owner only, because of the token. */
export const EngineAddress = z.object({
  pid: z.number(),
  port: z.number(),
  startedAt: z.string(),
  token: z.string(),
});
export type EngineAddress = z.infer<typeof EngineAddress>;

export const isStateFolder = (stateDir: string): boolean => existsSync(join(stateDir, MARK));

/**
 * Makes the folder if it does not exist. A folder with somebody else's files in it, or of a newer Millrace, is refused
 * with Misconfigured before anything in it is opened.
 */
export function prepareStateFolder(stateDir: string): void {
  const mark = isStateFolder(stateDir) ? readFileSync(join(stateDir, MARK), "utf8") : undefined;
  if (mark !== undefined && mark !== "") return refuseNewer(stateDir, mark);
  // It holds learner data and secrets.
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  // An empty mark is ours: the engine was killed while it wrote it.
  if (mark === undefined && readdirSync(stateDir).some((name) => !BEFORE.has(name))) {
    throw new Failure("Misconfigured", `The folder ${stateDir} is not empty and is not a Millrace state folder.`, {
      code: "foreign_state_folder",
      what: "open the state folder",
      hint: "Name another folder with --state.",
    });
  }
  writeFileSync(join(stateDir, MARK), `${JSON.stringify({ millrace: "state", version: FORMAT })}\n`);
}

function refuseNewer(stateDir: string, text: string): void {
  const mark = Mark.safeParse(parse(text));
  if (mark.success && mark.data.version <= FORMAT) return;
  const what = "open the state folder";
  if (!mark.success) {
    throw new Failure("Misconfigured", `${join(stateDir, MARK)} does not say which format the folder has.`, {
      code: "bad_state_mark",
      what,
      hint: `It should read {"millrace":"state","version":${FORMAT}}. Put that back, or name another folder with --state.`,
    });
  }
  throw new Failure(
    "Misconfigured",
    `The state folder ${stateDir} was written by a newer Millrace (format ${mark.data.version}; this one knows ${FORMAT}).`,
    { code: "newer_state_folder", what, hint: "Use the newer Millrace, or name another folder with --state." },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * One engine per state folder. The lock is SQLite's own file lock, held by an open transaction: the system gives it
 * back whatever way the process ends, so there is no stale lock to judge.
 */
export function lockStateFolder(stateDir: string): { release(): void } {
  const db = new DatabaseSync(join(stateDir, "engine.lock"));
  try {
    db.exec("PRAGMA journal_mode = OFF; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;");
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw embeddedFailure(error, "lock the state folder");
    const other = readAddress(stateDir);
    const who = other === undefined ? "another process" : `process ${other.pid}, http://127.0.0.1:${other.port}`;
    throw new Failure("Conflict", `An engine runs on ${stateDir} already (${who}).`, {
      code: "engine_running",
      what: "start the engine",
      hint: "Use it as it is, or stop it with `npx millrace down`.",
      cause: error,
    });
  }
  return { release: () => db.close() };
}

export function readAddress(stateDir: string): EngineAddress | undefined {
  try {
    const parsed = EngineAddress.safeParse(JSON.parse(readFileSync(join(stateDir, ADDRESS), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Absent or half-written by nobody (it is renamed into place): no engine has told its address.
    return undefined;
  }
}

export function writeAddress(stateDir: string, address: EngineAddress): void {
  const draft = join(stateDir, `.${ADDRESS}.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, join(stateDir, ADDRESS));
}

export const removeAddress = (stateDir: string): void => rmSync(join(stateDir, ADDRESS), { force: true });
