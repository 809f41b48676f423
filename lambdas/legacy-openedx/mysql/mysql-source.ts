import { beginSnapshot, readRows } from "../drop/read-rows.ts";
import type { RowSource } from "../drop/row-source.ts";
import { connectMysql, type ConnectOptions, type ReadCredentials } from "./connect.ts";
import { isLocked, isRenewable, mysqlFailure } from "./errors.ts";

/** The replica of an installation's edxapp database. */
export const mysqlSource = (credentials: ReadCredentials, options?: ConnectOptions): RowSource => ({
  kind: "mysql",
  isRenewable,
  isLocked,
  failure: mysqlFailure,
  async open(again) {
    const session = await connectMysql(credentials, again, options);
    return {
      snapshot: () => beginSnapshot(session),
      read: (wanted, writer, from) => readRows(session, wanted, writer, from),
      close: () => session.destroy(),
    };
  },
});
