import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { serve } from "../../../core/fargate.ts";
import { Failure } from "../../../core/model/failures.ts";
import { task } from "../../../core/task.ts";
import { runDbt } from "../../../lambdas/lakehouse/dbt-process.ts";

/** A container's command with a handler that does what its input says. */
const say = (line: string): void => void writeSync(3, `${line}\n`);

const ACTS: Readonly<Record<string, () => unknown>> = {
  succeed: () => ({ rows: 3 }),
  fail: () => {
    throw new Failure("Malformed", "The file is damaged.", { code: "gzip_truncated", what: "read a file" });
  },
  large: () => "x".repeat(300_000),
  crash: () => {
    setTimeout(() => {
      throw new TypeError("outside of every promise");
    }, 0);
    return pause(600_000);
  },
  hang: () => pause(600_000),
  // What ends by itself after SIGTERM, in the time that is left.
  finish: () => new Promise((done) => process.once("SIGTERM", () => setTimeout(() => done("finished"), 50))),
  child: () =>
    runDbt({ command: process.env["CHILD"] ?? "", project: ".", target: "duckdb" }, [], {
      env: process.env,
      log: say,
      signal: new AbortController().signal,
    }).then(({ code }) => {
      say(`child ended ${String(code)}`);
      throw new Failure("Malformed", "dbt had no results", { code: "dbt_did_not_run", what: "run dbt" });
    }),
};

await serve(
  task({
    name: "Worker",
    input: z.object({ act: z.string() }),
    run: async ({ act }) => {
      say(`working ${process.pid}`);
      return ACTS[act]?.();
    },
  }),
);
