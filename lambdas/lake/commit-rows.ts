import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod";
import type { Io } from "../../core/io/ports.ts";
import type { Settings } from "../../core/io/settings.ts";
import { CommitPlan, type TableCommit } from "../../core/model/commit-plan.ts";
import { Failure } from "../../core/model/failures.ts";
import { task } from "../../core/task.ts";
import { commitPlan, type LakeAccess } from "./commit-plan.ts";
import { lakeAccess } from "./lake-access.ts";

/** Of the task's memory: DuckDB's limit is not a ceiling (1 GB reached 1.36 GB resident), and Node wants its part. */
const DUCKDB_SHARE = 1 / 4;

/** One session per process: opening costs as much as ten commits. */
let lake: LakeAccess | undefined;

const Input = z.object({ planKey: z.string().min(1) });

export const handler = task({
  name: "CommitRows",
  input: Input,
  async run({ planKey }, { io, settings, run }): Promise<{ tables: TableCommit[] }> {
    const plan = await readPlan(io, settings, planKey);
    const memoryMb = Math.floor(settings.memoryMb * DUCKDB_SHARE);
    const tempDir = join(tmpdir(), `millrace-lake-${process.pid}`);
    lake ??= lakeAccess(io.lake, { memoryMb, threads: 1, tempDir, extensionsDir: settings.duckdbExtensions });
    const holder = `${run.id}/${run.state}/${run.attempt}`;
    return {
      tables: await commitPlan(plan, { lake, ledger: io.ledger, objects: io.objects, holder }),
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
