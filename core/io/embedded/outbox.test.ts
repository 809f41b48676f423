import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { ackOutbox, addToOutbox, makeEvent, OUTBOX_SCHEMA, readOutbox } from "./outbox.ts";

const open = (): DatabaseSync => {
  const db = new DatabaseSync(":memory:");
  db.exec(OUTBOX_SCHEMA);
  return db;
};
const ids = (db: DatabaseSync, after = 0, limit = 100): string[] =>
  readOutbox(db, after, limit).map(({ event }) => JSON.parse(event).id);
const add = (db: DatabaseSync, ...names: string[]): void => {
  for (const id of names) addToOutbox(db, makeEvent("Object Created", "aws.s3", { n: 1 }, { id }));
};

describe("an outbox", () => {
  it("gives EventBridge's envelope", () => {
    const db = open();
    addToOutbox(db, makeEvent("Object Created", "aws.s3", { key: "k" }, { id: "e", resources: ["arn:aws:s3:::b"] }));
    expect(JSON.parse(readOutbox(db, 0, 1)[0]?.event ?? "")).toEqual({
      version: "0",
      id: "e",
      "detail-type": "Object Created",
      source: "aws.s3",
      account: "000000000000",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: "us-east-1",
      resources: ["arn:aws:s3:::b"],
      detail: { key: "k" },
    });
  });

  it("gives events in order until they are acknowledged, and only once after that", () => {
    const db = open();
    add(db, "a", "b", "c", "b");
    expect(ids(db)).toEqual(["a", "b", "c"]);
    expect(ids(db, 1, 1)).toEqual(["b"]);
    ackOutbox(db, [1, 3]);
    expect(ids(db)).toEqual(["b"]);
    add(db, "a", "d");
    expect(ids(db)).toEqual(["b", "d"]);
  });

  it("forgets what was acknowledged a day ago, and nothing that still waits", () => {
    const db = open();
    add(db, "a", "b", "c");
    ackOutbox(db, [1]);
    db.exec("UPDATE outbox SET acked_at = acked_at - 90000000 WHERE acked_at IS NOT NULL");
    ackOutbox(db, [2]);
    expect(
      db
        .prepare("SELECT id FROM outbox ORDER BY seq")
        .all()
        .map((row) => row["id"]),
    ).toEqual(["b", "c"]);
    expect(ids(db)).toEqual(["c"]);
  });
});
