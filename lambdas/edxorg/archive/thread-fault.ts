import { Failure } from "../../../core/model/failures.ts";

/** https://nodejs.org/api/errors.html#err_worker_init_failed: its message is no more than `EAGAIN`. */
const NO_ROOM: ReadonlySet<unknown> = new Set(["ERR_WORKER_INIT_FAILED", "ERR_WORKER_OUT_OF_MEMORY"]);

/** What has ended a thread, or kept it from starting: no room for it is the machine's fault, all else is a bug. */
export function threadFault(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const isRoom = "code" in error && NO_ROOM.has(error.code);
  const isMemory = error instanceof RangeError && /memory|allocation failed/i.test(error.message);
  if (!isRoom && !isMemory) return error;
  return new Failure("Transient", `There is no room for a thread that rewrites tables: ${error.message}.`, {
    code: "no_room_for_thread",
    what: "rewrite tables in threads",
    hint: "Give the task more memory, or its machine more processes (ulimit -u); the work is tried again by itself.",
    cause: error,
  });
}
