import * as z from "zod";
import { Failure, isFailure, type FailureName } from "../../../core/model/failures.ts";

/** What is read of an error of the server (`errno`) or of the driver and its socket (`code` alone). */
const Shape = z.object({ message: z.string(), code: z.string().optional(), errno: z.number().optional() });

const ACCESS_DENIED = 1045;
const DATABASE_DENIED = 1044;

/** 2006 and 2013 are the C client's own numbers; this driver says instead how the socket ended. */
const LOST_CODES = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "PROTOCOL_SEQUENCE_TIMEOUT",
]);
/** Shut down, killed (MariaDB), interrupted, the network while it read or wrote, idle for too long (MySQL 8). */
const LOST_NUMBERS = new Set([1053, 1158, 1159, 1160, 1161, 1317, 1927, 2006, 2013, 4031]);
const LOCKED_NUMBERS = new Set([1205, 1213]);
const TLS =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HANDSHAKE_SSL_ERROR|HANDSHAKE_NO_SSL)/;

/** What the driver says, without a code, to the first statement after a connection was lost between two of them. */
const CLOSED = /in closed state$/;

/** The driver gives every end of a TLS handshake one code, in place of the socket's: only the text tells them apart. */
const HANDSHAKE_LOST = /disconnected before|ECONNRESET|EPIPE|ETIMEDOUT/;

function read(error: unknown): z.infer<typeof Shape> {
  const parsed = Shape.safeParse(error);
  if (!parsed.success) return { message: String(error) };
  const { code, errno, message } = parsed.data;
  const isClosed = code === undefined && errno === undefined && CLOSED.test(message);
  const isLost = isClosed || (code === "HANDSHAKE_SSL_ERROR" && HANDSHAKE_LOST.test(message));
  return isLost ? { ...parsed.data, code: "ECONNRESET" } : parsed.data;
}

/** The server does not take this user and password, or not for this database. */
export function isDenied(error: unknown): boolean {
  const { errno } = read(error);
  return errno === ACCESS_DENIED || errno === DATABASE_DENIED;
}

/** Another transaction, or a change of the table, was in the way for as long as a statement waits, or for good. */
export const isLocked = (error: unknown): boolean => LOCKED_NUMBERS.has(read(error).errno ?? 0);

/** New credentials and another connection may go on where this one ended. */
export function isRenewable(error: unknown): boolean {
  const { errno = 0, code = "" } = read(error);
  return isDenied(error) || LOST_NUMBERS.has(errno) || LOST_CODES.has(code);
}

/** Maps what the driver throws to the closed set; what is not understood stays what it is: a bug. */
export function mysqlFailure(error: unknown, what: string): unknown {
  if (isFailure(error)) return error;
  const shape = read(error);
  const known = classify(shape, error);
  if (known === undefined) return error;
  const [name, code, hint] = known;
  // The statement and its parameters stay out: only what the server says of them.
  return new Failure(name, `Cannot ${what}: ${shape.code ?? "error"}: ${shape.message}`, {
    code,
    what,
    hint,
    details: { errno: shape.errno, code: shape.code },
  });
}

function classify(
  { errno = 0, code = "" }: z.infer<typeof Shape>,
  error: unknown,
): readonly [FailureName, string, string] | undefined {
  if (TLS.test(code)) {
    return [
      "Misconfigured",
      "mysql_tls",
      "Check the secret's host and ca: the certificate must be for that host name.",
    ];
  }
  if (isDenied(error)) return ["Misconfigured", "mysql_denied", "Check the user and its grants, then the secret."];
  if (isRenewable(error)) return ["Transient", "mysql_connection_lost", "It is tried again and goes on where it was."];
  if (isLocked(error)) {
    return ["Conflict", "mysql_locked", "Another transaction, or a change of the table, was in the way; run it again."];
  }
  switch (errno) {
    case 1040:
    case 1203:
    case 1226:
      return ["Transient", "mysql_busy", "It is tried again when the database has a connection to spare."];
    case 1049:
      return ["Misconfigured", "mysql_database_missing", "Check the secret's database."];
    case 1142:
    case 1143:
      return ["Misconfigured", "mysql_denied", "Grant the user SELECT on the table."];
    case 1054:
    case 1146:
      return [
        "Malformed",
        "mysql_schema_differs",
        "The database's tables are others than lambdas/legacy-openedx/queries.ts reads.",
      ];
  }
  if (code === "ENOTFOUND") return ["Misconfigured", "mysql_unknown_host", "Check the secret's host."];
  if (["ECONNREFUSED", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"].includes(code)) {
    return [
      "Transient",
      "mysql_unreachable",
      "It is tried again; if it stays so, check the way to the database's network.",
    ];
  }
  return undefined;
}
