/** One collection as a backend gives it. */
export interface ForumCollection {
  readonly name: string;
  /** Canonical Extended JSON, as mongodump writes it. */
  readonly metadata: string;
  /** Documents as BSON, in an order that is the same every time. A buffer is valid until the next one is asked for. */
  documents(): AsyncIterable<Uint8Array>;
}

/** Where the forum of an installation is: the contents of its own database, or of the edxapp database. */
export interface ForumBackend {
  /** ISO 8601. */
  readonly snapshotTime: string;
  collections(): AsyncIterable<ForumCollection>;
  close(): Promise<void>;
}
