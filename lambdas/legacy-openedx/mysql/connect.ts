import { setTimeout as pause } from "node:timers/promises";
import { createConnection, type Connection } from "mysql2";
import { Failure } from "../../../core/model/failures.ts";
import type { Credentials } from "./credentials.ts";
import { isDenied, mysqlFailure } from "./errors.ts";
import { execute } from "./stream-rows.ts";

const CONNECT_MS = 10_000;

export interface ConnectOptions {
  /** Between attempts to connect of a user who is refused: a new one reaches the replica late. Absent = 1 s and 2 s. */
  readonly waitsMs?: readonly number[];
  /**
   * A statement waits so long for a table that is being altered, then it fails (1205). Absent = 10 minutes; the servers'
   * own default is a day or a year.
   */
  readonly lockWaitSeconds?: number;
}

/** Reads the secret; `fresh` = not what was read before. */
export type ReadCredentials = (fresh: boolean) => Promise<Credentials>;

/**
 * A session by TLS, the server's certificate checked against its name. A user who is refused is tried twice more,
 * then with new credentials once. Throws Misconfigured `mysql_denied`, Transient `mysql_unreachable`, ...
 */
export async function connectMysql(
  read: ReadCredentials,
  fresh = false,
  { waitsMs = [1_000, 2_000], lockWaitSeconds = 600 }: ConnectOptions = {},
): Promise<Connection> {
  const credentials = await read(fresh);
  for (const waitMs of [0, ...waitsMs]) {
    await pause(waitMs);
    const connection = await openUnlessDenied(credentials, lockWaitSeconds);
    if (connection !== undefined) return connection;
  }
  const renewed = await read(true);
  const connection = await openUnlessDenied(renewed, lockWaitSeconds);
  if (connection !== undefined) return connection;
  throw new Failure(
    "Misconfigured",
    `${renewed.host} refuses the user ${renewed.username}, with new credentials too.`,
    {
      code: "mysql_denied",
      what: `connect to the database ${renewed.host}`,
      hint: "Check the user and its grants, then the secret of the deployment.",
    },
  );
}

async function openUnlessDenied(credentials: Credentials, lockWaitSeconds: number): Promise<Connection | undefined> {
  try {
    return await open(credentials, lockWaitSeconds);
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw mysqlFailure(error, `connect to the database ${credentials.host}`);
  }
}

async function open(
  { host, port, username, password, database, ca }: Credentials,
  lockWaitSeconds: number,
): Promise<Connection> {
  const secure = { rejectUnauthorized: true, verifyIdentity: true, minVersion: "TLSv1.2" } as const;
  const connection = createConnection({
    ...{ host, port: Number(port), user: username, password, database },
    ssl: { ...secure, ca },
    charset: "utf8mb4",
    connectTimeout: CONNECT_MS,
    // A server must not be able to ask for files of this machine.
    flags: ["-LOCAL_FILES"],
  });
  try {
    // The listener stays: what is lost between two statements is told to the next one, and must not end the process.
    await new Promise<void>((done, fail) => connection.once("connect", () => done()).on("error", fail));
    // Values are escaped with backslashes, so no mode may turn these off; rows wait while a part is on its way.
    const settings = `sql_mode = '', time_zone = '+00:00', net_write_timeout = 600, lock_wait_timeout = ${lockWaitSeconds}`;
    await execute(connection, `SET SESSION ${settings}`);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
