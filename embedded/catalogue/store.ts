import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { transaction } from "../../core/io/embedded/database.ts";

/** A table's row: the pointer to its current metadata file, and the same document inline for quick loads. */
export const TableRow = z.object({
  namespace: z.string(),
  name: z.string(),
  uuid: z.string(),
  location: z.string(),
  metadataLocation: z.string(),
  metadata: z.string(),
  version: z.number(),
});
export type TableRow = z.infer<typeof TableRow>;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS namespaces (name TEXT PRIMARY KEY, properties TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tables (
    namespace TEXT NOT NULL REFERENCES namespaces (name),
    name TEXT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    location TEXT NOT NULL UNIQUE,
    metadata_location TEXT NOT NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS dropped (location TEXT PRIMARY KEY, dropped_at_ms INTEGER NOT NULL) STRICT;
`;

interface Name {
  readonly namespace: string;
  readonly name: string;
}

const COLUMNS = "namespace, name, uuid, location, metadata_location AS metadataLocation, metadata, version";

/** Namespaces have their levels joined by U+001F, as in the URLs of the REST specification. */
export type CatalogueStore = ReturnType<typeof openStore>;

export function openStore(file: string) {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  db.exec(SCHEMA);
  const sql = {
    namespaces: db.prepare("SELECT name FROM namespaces ORDER BY name"),
    namespace: db.prepare("SELECT properties FROM namespaces WHERE name = ?"),
    addNamespace: db.prepare("INSERT INTO namespaces VALUES (?, ?) ON CONFLICT DO NOTHING"),
    setProperties: db.prepare("UPDATE namespaces SET properties = ? WHERE name = ?"),
    dropNamespace: db.prepare("DELETE FROM namespaces WHERE name = ?"),
    tables: db.prepare(`SELECT ${COLUMNS} FROM tables ORDER BY namespace, name`),
    names: db.prepare("SELECT name FROM tables WHERE namespace = ? ORDER BY name"),
    table: db.prepare(`SELECT ${COLUMNS} FROM tables WHERE namespace = ? AND name = ?`),
    insert: db.prepare("INSERT INTO tables VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING"),
    swap: db.prepare(
      "UPDATE tables SET metadata_location = ?, metadata = ?, version = version + 1 WHERE uuid = ? AND version = ?",
    ),
    rename: db.prepare("UPDATE tables SET namespace = ?, name = ? WHERE namespace = ? AND name = ?"),
    dropVersion: db.prepare("DELETE FROM tables WHERE namespace = ? AND name = ? AND version = ? RETURNING location"),
    drop: db.prepare("DELETE FROM tables WHERE namespace = ? AND name = ? RETURNING location"),
    purgeLater: db.prepare("INSERT OR REPLACE INTO dropped VALUES (?, ?)"),
    purgeable: db.prepare("SELECT location FROM dropped WHERE dropped_at_ms <= ?"),
    purged: db.prepare("DELETE FROM dropped WHERE location = ?"),
  };

  return {
    namespaces: (): string[] => sql.namespaces.all().map((row) => String(row["name"])),
    namespace(name: string): Record<string, string> | undefined {
      const row = sql.namespace.get(name);
      return row === undefined
        ? undefined
        : z.record(z.string(), z.string()).parse(JSON.parse(String(row["properties"])));
    },
    addNamespace: (name: string, properties: Record<string, string>): boolean =>
      sql.addNamespace.run(name, JSON.stringify(properties)).changes === 1,
    setProperties: (name: string, properties: Record<string, string>): boolean =>
      sql.setProperties.run(JSON.stringify(properties), name).changes === 1,
    dropNamespace: (name: string): boolean => sql.dropNamespace.run(name).changes === 1,
    tables: (): TableRow[] => sql.tables.all().map((row) => TableRow.parse(row)),
    tableNames: (namespace: string): string[] => sql.names.all(namespace).map((row) => String(row["name"])),
    table(namespace: string, name: string): TableRow | undefined {
      const row = sql.table.get(namespace, name);
      return row === undefined ? undefined : TableRow.parse(row);
    },
    /** False when the name or the location is taken. */
    insert: (row: Omit<TableRow, "version">): boolean =>
      sql.insert.run(row.namespace, row.name, row.uuid, row.location, row.metadataLocation, row.metadata).changes === 1,
    /** The commit point: false when another commit came between the read of `version` and this. */
    swap: (uuid: string, version: number, metadataLocation: string, metadata: string): boolean =>
      sql.swap.run(metadataLocation, metadata, uuid, version).changes === 1,
    rename: (from: Name, to: Name): boolean =>
      sql.rename.run(to.namespace, to.name, from.namespace, from.name).changes === 1,
    /** False when `from` is gone, or another commit came between the read of `to` and this. */
    replace: (from: Name, to: Name & { readonly version: number }, purgeAtMs: number): boolean =>
      transaction(db, () => {
        if (sql.table.get(from.namespace, from.name) === undefined) return false;
        const old = sql.dropVersion.get(to.namespace, to.name, to.version);
        if (old === undefined) return false;
        sql.rename.run(to.namespace, to.name, from.namespace, from.name);
        sql.purgeLater.run(String(old["location"]), purgeAtMs);
        return true;
      }),
    drop: (namespace: string, name: string, purgeAtMs: number | undefined): boolean =>
      transaction(db, () => {
        const row = sql.drop.get(namespace, name);
        if (row !== undefined && purgeAtMs !== undefined) sql.purgeLater.run(String(row["location"]), purgeAtMs);
        return row !== undefined;
      }),
    purgeable: (nowMs: number): string[] => sql.purgeable.all(nowMs).map((row) => String(row["location"])),
    purged: (location: string): void => void sql.purged.run(location),
    close: (): void => db.close(),
  };
}
