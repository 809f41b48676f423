import { beginSnapshot, readRows } from "../drop/read-rows.ts";
import type { RowSource } from "../drop/row-source.ts";
import { connectMysql, type ReadCredentials } from "./connect.ts";
import { isRenewable, mysqlFailure } from "./errors.ts";

/** The replica of an installation's edxapp database. `waitsMs`: between attempts to connect of a user who is refused. */
export const mysqlSource = (credentials: ReadCredentials, waitsMs?: readonly number[]): RowSource => ({
  kind: "mysql",
  isRenewable,
  failure: mysqlFailure,
  async open(again) {
    const session = await connectMysql(credentials, again, waitsMs);
    return {
      snapshot: () => beginSnapshot(session),
      read: (wanted, writer, from) => readRows(session, wanted, writer, from),
      close: () => session.destroy(),
    };
  },
});
