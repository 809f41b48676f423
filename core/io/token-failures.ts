import { Failure } from "../model/failures.ts";

export const taskGone = (what: string, cause?: unknown): Failure =>
  new Failure("Conflict", `Cannot ${what}: its execution has ended or given it up.`, {
    code: "task_gone",
    what,
    hint: "Stop the work: nobody waits for it.",
    cause,
  });
