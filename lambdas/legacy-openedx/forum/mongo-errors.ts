import { MongoError, MongoNetworkError, MongoParseError, MongoServerError, MongoServerSelectionError } from "mongodb";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import { excerpt } from "../../../core/model/redact.ts";

const [UNAUTHORIZED, AUTHENTICATION_FAILED, CURSOR_NOT_FOUND, CURSOR_KILLED] = [13, 18, 43, 237];
const SHOWN_BYTES = 512;

const codeOf = (error: unknown): unknown => (error instanceof MongoServerError ? error.code : undefined);

/** The server does not take this user and password. */
export const isMongoDenied = (error: unknown): boolean => codeOf(error) === AUTHENTICATION_FAILED;

/** Another cursor may go on where this one ended. */
export const isMongoLost = (error: unknown): boolean =>
  error instanceof MongoNetworkError || codeOf(error) === CURSOR_NOT_FOUND || codeOf(error) === CURSOR_KILLED;

/** Maps what the driver throws to the closed set; its words without what they may give away. */
export function mongoFailure(error: unknown, what: string, secrets: readonly string[]): unknown {
  if (isFailure(error) || !(error instanceof MongoError)) return error;
  const said = excerpt(Buffer.from(error.message), SHOWN_BYTES, secrets);
  const failure = (name: "Misconfigured" | "Transient", code: string, hint: string): Failure =>
    // No `cause`: the driver's own error names hosts and options.
    new Failure(name, `Cannot ${what}: ${said}`, { code, what, hint, details: { code: codeOf(error) ?? error.name } });
  if (isMongoDenied(error) || codeOf(error) === UNAUTHORIZED) {
    return failure("Misconfigured", "mongo_denied", "Check the user and its roles, then the secret.");
  }
  if (error instanceof MongoParseError) {
    return failure("Misconfigured", "mongo_secret_invalid", "Correct the address in the secret.");
  }
  if (isMongoLost(error) || error instanceof MongoServerSelectionError) {
    return failure("Transient", "mongo_connection_lost", "It is tried again.");
  }
  return failure("Transient", "mongo_failed", "It is tried again; if it stays so, look at the server's log.");
}
