import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure, isFailureName } from "../../core/model/failures.ts";
import { release, type BuildFailure } from "../../core/model/staleness.ts";
import { task } from "../../core/task.ts";
import { changeBuilder } from "./builder-item.ts";

export const handler = task({
  name: "ReleaseBuild",
  input: z.looseObject({}),
  run: (_input, { io, run }) => releaseBuild(io.ledger, run.id),
});

/**
 * Gives up the claim, or answers `again` when something was marked after the build began. The marks of a failed
 * build stay; the run then ends with the build's failure, after newer marks had their round.
 */
export async function releaseBuild(
  ledger: Ledger,
  run: string,
  now: () => number = Date.now,
): Promise<{ readonly again: boolean }> {
  const { again, failure } = await changeBuilder(ledger, (before) => {
    const { state, ...result } = release(before, run, now());
    return { state: state === before ? undefined : state, result };
  });
  if (failure !== undefined && !again) throw thrown(failure);
  return { again };
}

function thrown({ name, code, message, hint }: BuildFailure): Failure {
  return new Failure(isFailureName(name) ? name : "Malformed", message, {
    code,
    what: "build the stale models with dbt",
    hint: hint ?? "What was stale stays marked: the next change or an operator's run with `all` builds it again.",
  });
}
