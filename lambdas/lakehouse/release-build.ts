import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure, isFailureName } from "../../core/model/failures.ts";
import { release, type BuildFailure, type FailedBuild } from "../../core/model/staleness.ts";
import { task } from "../../core/task.ts";
import { describeRunFailure } from "../../core/model/run-failure.ts";
import { changeBuilder } from "./builder-item.ts";

/** `failure`: what the state machine caught of a build that had no answer. */
const Input = z.looseObject({
  failure: z.object({ Error: z.string(), Cause: z.string().optional() }).nullish(),
});

export const handler = task({
  name: "ReleaseBuild",
  input: Input,
  run: ({ failure }, { io, run }) =>
    releaseBuild(io.ledger, run.id, failure === undefined || failure === null ? {} : { died: failedBuild(failure) }),
});

/**
 * Gives up the claim, or answers `again` when something was marked after the build began. The marks of a failed
 * build stay; the run then ends with the build's failure, after newer marks had their round.
 */
export async function releaseBuild(
  ledger: Ledger,
  run: string,
  { died, now = Date.now }: { readonly died?: FailedBuild; readonly now?: () => number } = {},
): Promise<{ readonly again: boolean }> {
  const { again, failure } = await changeBuilder(ledger, (before) => {
    const { state, ...result } = release(before, run, now(), died);
    return { state: state === before ? undefined : state, result };
  });
  if (failure !== undefined && !again) throw thrown(failure);
  return { again };
}

function failedBuild({ Error: error, Cause: cause }: { readonly Error: string; readonly Cause?: string | undefined }) {
  const { name, code, message, hint } = describeRunFailure(error, cause ?? "");
  return {
    ...{ name, code, message, ...(hint === undefined ? {} : { hint }) },
    retryable: name === "Transient" || name === "Throttled",
  };
}

function thrown({ name, code, message, hint }: BuildFailure): Error {
  if (!isFailureName(name)) return Object.assign(new Error(message), { name });
  return new Failure(name, message, {
    code,
    what: "build the stale models with dbt",
    hint: hint ?? "What was stale stays marked: the next change or an operator's run with `all` builds it again.",
  });
}
