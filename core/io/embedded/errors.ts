import { Failure, isFailure } from "../../model/failures.ts";
import { diskFull, isDiskFull } from "../disk-failures.ts";

/** https://sqlite.org/rescode.html; extended codes carry the primary one in the low byte. */
const SQLITE = { busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, notADatabase: 26 } as const;

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}

function systemCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

export const isBusy = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code === SQLITE.busy || code === SQLITE.locked;
};

export const isMissingFile = (error: unknown): boolean => systemCode(error) === "ENOENT";

export const isFileThere = (error: unknown): boolean => systemCode(error) === "EEXIST";

/** A rename would have to copy. */
export const isOtherDisk = (error: unknown): boolean => systemCode(error) === "EXDEV";

/** Files and SQLite of the state folder, in the closed set; what is not understood stays what it is: a bug. */
export function embeddedFailure(error: unknown, what: string): unknown {
  if (isFailure(error)) return error;
  const sqlite = sqliteCode(error);
  const system = systemCode(error);
  if (sqlite === SQLITE.full || isDiskFull(error)) return diskFull(what, error);
  if (isBusy(error)) {
    return new Failure("Transient", `Cannot ${what}: another process held the database for too long.`, {
      code: "state_busy",
      what,
      cause: error,
    });
  }
  if (sqlite === SQLITE.corrupt || sqlite === SQLITE.notADatabase) {
    return new Failure("Misconfigured", `Cannot ${what}: the database file is damaged or not ours.`, {
      code: "state_damaged",
      what,
      hint: "Stop the engine and look at the state folder; `npx millrace doctor` says more.",
      cause: error,
    });
  }
  if (sqlite === SQLITE.readOnly || system === "EACCES" || system === "EPERM" || system === "EROFS") {
    return new Failure("Misconfigured", `Cannot ${what}: the state folder may not be written.`, {
      code: "state_not_writable",
      what,
      hint: "Give this user the state folder (chown), or choose another one.",
      cause: error,
    });
  }
  if (system === "EMFILE" || system === "ENFILE" || system === "EIO") {
    return new Failure("Transient", `Cannot ${what}: ${system}.`, { code: "state_io", what, cause: error });
  }
  return error;
}
