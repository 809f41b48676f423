-- Databases of a state folder as release 0.1 makes them, by `SELECT sql FROM sqlite_schema`. Frozen: see docs/adr/013.

-- ledger.db, user_version 0
CREATE TABLE items ( pk TEXT NOT NULL, sk TEXT NOT NULL, rev INTEGER NOT NULL, expires_at INTEGER, data TEXT NOT NULL, UNIQUE (pk, sk) );
CREATE INDEX items_expiring ON items (expires_at) WHERE expires_at IS NOT NULL;

-- objects.db, user_version 0
CREATE TABLE current ( bucket TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES versions (seq), PRIMARY KEY (bucket, key) ) WITHOUT ROWID;
CREATE TABLE outbox ( seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, acked_at INTEGER );
CREATE TABLE versions ( seq INTEGER PRIMARY KEY AUTOINCREMENT, version_id TEXT NOT NULL UNIQUE, bucket TEXT NOT NULL, key TEXT NOT NULL, file TEXT NOT NULL UNIQUE, etag TEXT NOT NULL, size INTEGER NOT NULL, last_modified INTEGER NOT NULL, content_type TEXT NOT NULL, metadata TEXT NOT NULL );
CREATE INDEX outbox_waiting ON outbox (seq) WHERE acked_at IS NULL;

-- bus.db, user_version 0
CREATE TABLE outbox ( seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, acked_at INTEGER );
CREATE INDEX outbox_waiting ON outbox (seq) WHERE acked_at IS NULL;

-- home.db, user_version 0
CREATE TABLE dead_letters ( event_id TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL, event TEXT NOT NULL, error TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (event_id, rule, target) );
CREATE TABLE handled_events ( event_id TEXT PRIMARY KEY, detail_type TEXT NOT NULL, bucket TEXT, object_key TEXT, version_id TEXT, cause_run TEXT, executions TEXT NOT NULL, handled_at TEXT NOT NULL );
CREATE TABLE outbox ( seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, acked_at INTEGER );
CREATE TABLE ticks (schedule TEXT PRIMARY KEY, anchor TEXT NOT NULL, last_tick TEXT NOT NULL);
CREATE INDEX handled_by_cause ON handled_events (cause_run);
CREATE INDEX handled_by_key ON handled_events (bucket, object_key);
CREATE INDEX handled_by_time ON handled_events (handled_at);
CREATE INDEX outbox_waiting ON outbox (seq) WHERE acked_at IS NULL;

-- inbox.db, user_version 0
CREATE TABLE received ( seq INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, body TEXT NOT NULL, signature_valid INTEGER NOT NULL, received_at TEXT NOT NULL );

-- engine.db, user_version 1
CREATE TABLE definitions (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE events ( execution INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (execution, id)) STRICT, WITHOUT ROWID;
CREATE TABLE executions ( id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT NULL, status TEXT NOT NULL, map_run TEXT, announced TEXT, body TEXT NOT NULL) STRICT;
CREATE TABLE frames ( execution INTEGER NOT NULL, frame INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (execution, frame)) STRICT, WITHOUT ROWID;
CREATE TABLE items ( execution INTEGER NOT NULL, list INTEGER NOT NULL, idx INTEGER NOT NULL, input TEXT NOT NULL, status TEXT, output TEXT, PRIMARY KEY (execution, list, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX executions_by_machine ON executions (machine_arn, id);
CREATE INDEX executions_by_status ON executions (status, id);
CREATE INDEX executions_to_announce ON executions (id) WHERE announced IS NOT status;

-- catalogue.db, user_version 0
CREATE TABLE dropped (location TEXT PRIMARY KEY, dropped_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE namespaces (name TEXT PRIMARY KEY, properties TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tables ( namespace TEXT NOT NULL REFERENCES namespaces (name), name TEXT NOT NULL, uuid TEXT NOT NULL UNIQUE, location TEXT NOT NULL UNIQUE, metadata_location TEXT NOT NULL, metadata TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (namespace, name) ) STRICT;
