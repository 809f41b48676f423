import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { sweepOrphans } from "../../core/io/embedded/object-files.ts";
import { openObjectIndex } from "../../core/io/embedded/object-index.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { readOutbox } from "../../core/io/embedded/outbox.ts";
import { withLease } from "../../core/io/lease.ts";
import { killHard, pause, startChild } from "./processes.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const BUCKET = "millrace-dev-landing";
const KILLS = 6;

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("one state folder under many processes and kill -9", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it("keeps every acknowledged object whole, with its event, and nothing half", async () => {
    const acknowledged: [key: string, versionId: string, sha256: string][] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const children = ["a", "b"].map((name) => startChild("put-forever.ts", folder.path, `${name}${kill}`));
      await Promise.all(children.map((child) => child.nextLine()));
      await pause(30 + Math.random() * 150);
      await Promise.all(children.map(killHard));
      const whole = children.flatMap(({ lines }) => lines.filter((line) => line.endsWith("]")));
      acknowledged.push(...whole.map((line) => JSON.parse(line)));
    }
    const objects = embeddedObjects(folder.path);
    const db = openObjectIndex(folder.path);
    for (const [key, versionId, sha256] of acknowledged) {
      const body = await buffer(await objects.get({ bucket: BUCKET, key, versionId }));
      expect(createHash("sha256").update(body).digest("hex")).toBe(sha256);
    }
    const rows = db.prepare("SELECT bucket, key, version_id, size, etag FROM versions").all();
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged.length);
    for (const row of rows) {
      const ref = { bucket: BUCKET, key: String(row["key"]), versionId: String(row["version_id"]) };
      const body = await buffer(await objects.get(ref));
      expect([body.length, createHash("md5").update(body).digest("hex")]).toEqual([row["size"], row["etag"]]);
    }
    const told = readOutbox(db, 0, 1_000_000).map(({ event }) => JSON.parse(event).detail.object["version-id"]);
    expect(told).toEqual(rows.map((row) => row["version_id"]));

    await sweepOrphans(folder.path, db, { olderThanMs: -60_000 });
    expect(files(join(folder.path, "objects"))).toHaveLength(rows.length);
    for (const [key, versionId] of acknowledged)
      expect(await objects.head({ bucket: BUCKET, key, versionId })).toBeDefined();
    objects.close();
    db.close();
  });

  it("keeps every acknowledged ledger transaction, and both of its items or none", async () => {
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const children = ["a", "b"].map((name) => startChild("write-forever.ts", folder.path, `${name}${kill}`));
      await Promise.all(children.map((child) => child.nextLine()));
      await pause(20 + Math.random() * 100);
      await Promise.all(children.map(killHard));
      acknowledged.push(...children.flatMap(({ lines }) => lines));
    }
    const ledger = embeddedLedger(folder.path);
    const side = async (pk: string): Promise<string[]> => {
      const found: string[] = [];
      for (let after: string | undefined = ""; after !== undefined;) {
        const page: Awaited<ReturnType<typeof ledger.query>> = await ledger.query(pk, { after });
        found.push(...page.items.map(({ sk }) => sk));
        after = page.next;
      }
      return found;
    };
    const left = await side("left");
    expect(await side("right")).toEqual(left);
    expect(new Set(left)).toEqual(new Set([...left, ...acknowledged]));
    ledger.close();
  });

  it("creates an object once when several processes ask at the same time", async () => {
    const children = Array.from({ length: 4 }, (_, index) =>
      startChild("create-once.ts", folder.path, `${index}`, `${Date.now() + 600}`),
    );
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const winners = children.flatMap(({ lines }) => lines);
    expect(new Set(winners.map((line) => line.split(" ")[0]))).toEqual(
      new Set(Array.from({ length: 20 }, (_, index) => `key-${index}`)),
    );
    expect(winners).toHaveLength(20);
  });

  it("lets one process at a time hold a lease, and takes it from a dead one", async () => {
    const children = Array.from({ length: 4 }, (_, index) =>
      startChild("hold-lease.ts", folder.path, `${index}`, "10"),
    );
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const fences = children.flatMap(({ lines }) => lines.filter((line) => line.startsWith("in")));
    expect(new Set(fences).size).toBe(40);
    const ledger = embeddedLedger(folder.path);
    expect(await ledger.get("counter", "all")).toMatchObject({ data: 40 });

    const dead = startChild("hold-lease.ts", folder.path, "dead");
    await dead.nextLine();
    await killHard(dead);
    const options = { holder: "heir", ttlSeconds: 2, waitSeconds: 0 };
    await expect(withLease(ledger, "shared", options, async () => 1)).rejects.toMatchObject({ code: "lease_held" });
    const fence = await withLease(ledger, "shared", { ...options, waitSeconds: 30 }, async (lease) => lease.fence);
    expect(fence).toBe(42);
    ledger.close();
  });
});
