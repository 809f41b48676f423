import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { openLake, type LakeSession } from "../../core/io/lake.ts";
import type { Io } from "../../core/io/ports.ts";
import type { Settings } from "../../core/io/settings.ts";
import { CommitPlan, type TableCommit } from "../../core/model/commit-plan.ts";
import { Failure } from "../../core/model/failures.ts";
import { task } from "../../core/task.ts";
import { commitPlan, type LakeAccess } from "./commit-plan.ts";

/** Of the task's memory: DuckDB's limit is not a ceiling (1 GB reached 1.36 GB resident), and Node wants its part. */
const DUCKDB_SHARE = 1 / 4;

const Input = z.object({ planKey: z.string().min(1) });

export const handler = task({
  name: "CommitRows",
  input: Input,
  async run({ planKey }, { io, settings, run }): Promise<{ tables: TableCommit[] }> {
    const plan = await readPlan(io, settings, planKey);
    const holder = `${run.id}/${run.state}/${run.attempt}`;
    return {
      tables: await commitPlan(plan, { lake: lakeOf(io, settings), ledger: io.ledger, objects: io.objects, holder }),
    };
  },
});

async function readPlan(io: Io, settings: Settings, key: string): Promise<CommitPlan> {
  const what = `read the commit plan ${key}`;
  const body = await text(await io.objects.get({ bucket: settings.buckets.artifacts, key }));
  const broken = (cause: unknown): Failure =>
    new Failure("Malformed", `The commit plan ${key} is not of the form of core/model/commit-plan.ts.`, {
      code: "bad_plan",
      what,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw broken(error);
  }
  const plan = CommitPlan.safeParse(value);
  if (!plan.success) throw broken(plan.error);
  return plan.data;
}

let open: Promise<LakeSession> | undefined;

/** One session per process: opening costs as much as ten commits. A session that failed is not used again. */
function lakeOf(io: Io, settings: Settings): LakeAccess {
  return {
    session() {
      open ??= openLake(io.lake, {
        memoryMb: Math.floor(settings.memoryMb * DUCKDB_SHARE),
        threads: 1,
        tempDir: join(tmpdir(), `millrace-lake-${process.pid}`),
        extensionsDir: settings.duckdbExtensions,
      });
      return open;
    },
    async discard() {
      const failed = open;
      open = undefined;
      await failed?.then((session) => session.close()).catch(() => undefined);
    },
  };
}
