import { Failure } from "../model/failures.ts";

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && FULL.has(error.code);

export const diskFull = (what: string, cause: unknown): Failure =>
  new Failure("Transient", `Cannot ${what}: the disk is full. Nothing was changed.`, {
    code: "disk_full",
    what,
    hint: "Free some space or give the task a larger disk; the work is tried again by itself.",
    cause,
  });
