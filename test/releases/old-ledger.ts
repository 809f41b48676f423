import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import type { Ledger, LedgerItem } from "../../core/io/ports.ts";
import { createTable } from "../contract/aws-homes.ts";
import type { Home, Opened } from "../contract/opened.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";

/** Far away: an item of a sample must not vanish by its age. */
const NEVER = 4_102_444_800;

/**
 * Items of every kind as release 0.1 wrote them, taken from the ledger of `npm start -- --once`, of a second log with
 * its build under way, and of an archive that is none. Frozen: nobody changes a line of it.
 */
export const OLD_ITEMS: readonly LedgerItem[] = readFileSync(join(import.meta.dirname, "ledger-0.1.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as LedgerItem)
  .map((item) => (item.expiresAt === undefined ? item : { ...item, expiresAt: NEVER }));

/** Databases of release 0.1 by file name, as SQL that makes them empty. */
const OLD_DATABASES: ReadonlyMap<string, string> = new Map(
  readFileSync(join(import.meta.dirname, "state-0.1.sql"), "utf8")
    .split(/^-- (?=\w+\.db)/m)
    .slice(1)
    .map((part) => {
      const [, file = "", version = "", sql = ""] = /^(\w+\.db), user_version (\d+)\n(.*)$/s.exec(part) ?? [];
      return [file, `PRAGMA journal_mode = WAL; ${sql} PRAGMA user_version = ${version};`];
    }),
);

/** The same items with a field more, as a later release may write them: a release that is back has to read these. */
export const NEWER_ITEMS: readonly LedgerItem[] = OLD_ITEMS.map((item) => ({
  ...item,
  data: { ...(item.data as object), addedLater: { by: "another release" } },
}));

/** Makes the old databases in a folder, the ledger's with these items. */
export function writeOldDatabases(stateDir: string, items = OLD_ITEMS): void {
  for (const [file, sql] of OLD_DATABASES) {
    const db = new DatabaseSync(join(stateDir, file));
    db.exec(sql);
    if (file === "ledger.db") {
      const insert = db.prepare("INSERT INTO items (pk, sk, rev, expires_at, data) VALUES (?, ?, ?, ?, ?)");
      for (const { pk, sk, rev, expiresAt, data } of items)
        insert.run(pk, sk, rev, expiresAt ?? null, JSON.stringify(data));
    }
    db.close();
  }
}

export const sqliteLedgerWith = (items: readonly LedgerItem[]): Home<Opened<Ledger>> => ({
  name: "SQLite",
  open: async () => {
    const folder = temporaryFolder();
    writeOldDatabases(folder.path, items);
    const port = embeddedLedger(folder.path);
    return {
      port,
      close: async () => {
        port.close();
        folder.remove();
      },
    };
  },
});

export const dynamoLedgerWith = (items: readonly LedgerItem[]): Home<Opened<Ledger>> => ({
  name: "DynamoDB",
  open: async () => {
    const { DynamoDBClient, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
    const { awsLedger } = await import("../../core/io/aws/ledger.ts");
    const TableName = await createTable();
    const client = new DynamoDBClient({});
    for (const { pk, sk, rev, expiresAt, data } of items) {
      const expiry = expiresAt === undefined ? {} : { expiresAt: { N: String(expiresAt) } };
      const Item = {
        pk: { S: pk },
        sk: { S: sk },
        rev: { N: String(rev) },
        data: { S: JSON.stringify(data) },
        ...expiry,
      };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
    return { port: awsLedger(TableName), close: async () => undefined };
  },
});
