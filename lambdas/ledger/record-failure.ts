import * as z from "zod";
import { describeRunFailure, type RunFailure } from "../../core/model/run-failure.ts";
import { task } from "../../core/task.ts";

const Input = z.object({ failure: z.object({ Error: z.string(), Cause: z.string().optional() }) });

export const handler = task({
  name: "RecordFailure",
  input: Input,
  run: async ({ failure }, { io, run }): Promise<RunFailure> => {
    const described = describeRunFailure(failure.Error, failure.Cause ?? "");
    await io.ledger.write([
      {
        put: { pk: "failure", sk: `${run.startedAt}#${run.id}`, data: { ...described, run } },
        if: { any: true },
      },
    ]);
    return described;
  },
});
