import { setTimeout as pause } from "node:timers/promises";
import { createConnection, type Connection } from "mysql2";
import { Failure } from "../../../core/model/failures.ts";
import type { Credentials } from "./credentials.ts";
import { isDenied, mysqlFailure } from "./errors.ts";
import { execute } from "./stream-rows.ts";

const CONNECT_MS = 10_000;
/** A new user reaches the replica late. */
const WAITS_MS: readonly number[] = [1_000, 2_000];

/** Reads the secret; `fresh` = not what was read before. */
export type ReadCredentials = (fresh: boolean) => Promise<Credentials>;

/**
 * A session by TLS, the server's certificate checked against its name. A user who is refused is tried twice more,
 * then with new credentials once. Throws Misconfigured `mysql_denied`, Transient `mysql_unreachable`, ...
 */
export async function connectMysql(read: ReadCredentials, fresh = false, waitsMs = WAITS_MS): Promise<Connection> {
  const credentials = await read(fresh);
  for (const waitMs of [0, ...waitsMs]) {
    await pause(waitMs);
    const connection = await openUnlessDenied(credentials);
    if (connection !== undefined) return connection;
  }
  const renewed = await read(true);
  const connection = await openUnlessDenied(renewed);
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

async function openUnlessDenied(credentials: Credentials): Promise<Connection | undefined> {
  try {
    return await open(credentials);
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw mysqlFailure(error, `connect to the database ${credentials.host}`);
  }
}

async function open({ host, port, username, password, database, ca }: Credentials): Promise<Connection> {
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
    await new Promise<void>((done, fail) => connection.once("connect", () => done()).once("error", fail));
    // Values are escaped with backslashes, so no mode may turn these off; rows wait while a part is on its way.
    await execute(connection, "SET SESSION sql_mode = '', time_zone = '+00:00', net_write_timeout = 600");
    return connection;
  } catch (error) {
    connection.on("error", () => undefined);
    connection.destroy();
    throw error;
  }
}
