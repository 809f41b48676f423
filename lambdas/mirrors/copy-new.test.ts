import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { withLease } from "../../core/io/lease.ts";
import type { TaskContext } from "../../core/task.ts";
import { startGcs, type GcsStandIn } from "../../test/standins/gcs.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { copyNew } from "./copy-new.ts";

const LANDING = "m-landing";
const ARCHIVES = "edx-archives";
const archive = (day: string): string => `COLD/mitx-${day}.tar.gz`;

let folder: string;
let gcs: GcsStandIn;
let ledger: ReturnType<typeof memoryLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let attempt: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-mirrors-"));
  gcs = await startGcs({ pageSize: 2 });
  ledger = memoryLedger();
  objects = embeddedObjects(folder);
  attempt = 0;
  declare({});
  return async () => {
    objects.close();
    await gcs.close();
    rmSync(folder, { recursive: true });
  };
});

function declare(more: Record<string, unknown>): void {
  const declared = { kind: "gcs", secret: "gcs/edxorg", endpoint: gcs.endpoint };
  writeFileSync(
    join(folder, "origins.json"),
    JSON.stringify({
      "edxorg-gcs-archives": { ...declared, bucket: ARCHIVES, ...more },
      "edxorg-gcs-tarballs": { ...declared, bucket: "edx-tarballs" },
      "program-reports": { kind: "s3", bucket: "partner-reports" },
    }),
  );
}

const copy = (mirror: string, more: Record<string, unknown> = {}, now?: () => number) => {
  const context = {
    io: { ledger, objects, secrets: { read: async () => gcs.secret } },
    settings: { buckets: { landing: LANDING }, embedded: { stateDir: folder } },
    run: { id: `run-${attempt}`, attempt: attempt++ },
    log: { warn: () => undefined },
  } as unknown as TaskContext;
  return copyNew({ mirror, waitSeconds: 5, budgetSeconds: 100, ...more }, context, {
    parts: { small: 1_000, large: 4_000, most: 10 },
    ...(now === undefined ? {} : { now }),
  });
};
const landed = async (prefix = ""): Promise<string[]> =>
  (await objects.list(LANDING, prefix)).objects.map(({ key }) => key);
const bytesAt = async (key: string): Promise<Buffer> => buffer(await objects.get({ bucket: LANDING, key }));
const reads = (): number => gcs.count("read");

describe("what is copied", () => {
  it("is what is new, in the order of names; what is known is not even asked for", async () => {
    for (const day of ["2026-01-11", "2026-01-04", "2026-01-18"]) gcs.put(ARCHIVES, archive(day), `of ${day}`);
    for (const other of [
      "COLD/mitx-2026-02-30.tar.gz",
      "COLD/MITx-2026-01-04.tar.gz",
      "COLD/mitx-2026-01-04.tar.gz.part",
    ])
      gcs.put(ARCHIVES, other, "x");
    gcs.put(ARCHIVES, "COLD/mitx-edx-events-2026-01-05.log.gz", "log");
    expect(await copy("edxorg_archives")).toMatchObject({
      outcome: "copied",
      listed: 3,
      copied: 3,
      known: 0,
      more: false,
    });
    const order = gcs.seen.flatMap(({ call, name }) => (call === "read" ? [name] : []));
    expect(order).toEqual(["2026-01-04", "2026-01-11", "2026-01-18"].map(archive));
    expect(await landed()).toEqual(order.map((name) => name?.replace("COLD/", "sources/edxorg-archives/")));
    expect(String(await bytesAt("sources/edxorg-archives/mitx-2026-01-11.tar.gz"))).toBe("of 2026-01-11");
    const before = reads();
    expect(await copy("edxorg_archives")).toMatchObject({ listed: 3, copied: 0, known: 3 });
    expect(reads()).toBe(before);
    expect(await copy("edxorg_tracking_logs")).toMatchObject({ copied: 1 });
    expect(await landed("sources/edxorg-gcs-archives/")).toEqual([
      "sources/edxorg-gcs-archives/COLD/mitx-edx-events-2026-01-05.log.gz",
    ]);
  });

  it("is what has changed, unless its content is what it was", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), "one");
    await copy("edxorg_archives");
    gcs.put(ARCHIVES, archive("2026-01-04"), "one");
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 0, same: 1 });
    expect(await copy("edxorg_archives")).toMatchObject({ known: 1, same: 0 });
    const { generation } = gcs.put(ARCHIVES, archive("2026-01-04"), "two");
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1, bytes: 3 });
    const key = "sources/edxorg-archives/mitx-2026-01-04.tar.gz";
    expect(String(await bytesAt(key))).toBe("two");
    expect((await objects.head({ bucket: LANDING, key }))?.metadata).toEqual({
      "origin-version": generation,
      "origin-uri": `gs://${ARCHIVES}/${archive("2026-01-04")}`,
    });
  });

  it("begins with the day that the origin declares, and is of any days that somebody asks for", async () => {
    declare({ since: "2026-01-10" });
    for (const day of ["2025-12-28", "2026-01-04", "2026-01-11"]) gcs.put(ARCHIVES, archive(day), day);
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1, early: 2 });
    expect(await copy("edxorg_archives", { from: "2026-01-01", to: "2026-01-31" })).toMatchObject({
      copied: 1,
      known: 1,
    });
    // Once it is here, its changes are followed.
    gcs.put(ARCHIVES, archive("2026-01-04"), "changed");
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1, known: 1, early: 1 });
  });

  it("lies where each mirror declares it, whatever it is called; what no key may be called is named", async () => {
    gcs.put("edx-tarballs", "MITx/6.00x é+&/1T2020.xml.tar.gz", "tarball");
    gcs.put("edx-tarballs", "MITx//odd", "x");
    gcs.put("edx-tarballs", "../../etc", "x");
    gcs.put("edx-tarballs", "folder/", "");
    gcs.put("edx-tarballs", "empty", "");
    expect(await copy("edxorg_course_tarballs")).toMatchObject({
      ...{ copied: 2, unkeyable: { count: 2, names: ["../../etc", "MITx//odd"] } },
    });
    expect(await landed()).toEqual([
      "sources/course-exports-edxorg/results/edx-tarballs/MITx/6.00x é+&/1T2020.xml.tar.gz",
      "sources/course-exports-edxorg/results/edx-tarballs/empty",
    ]);
  });

  it("is copied by the store itself where it can", async () => {
    await objects.put("partner-reports", "reports_v2/MITx/a.csv", "a,b");
    await objects.put("partner-reports", "reports_v2/Other/a.csv", "c");
    expect(await copy("program_reports")).toMatchObject({ listed: 1, copied: 1 });
    expect(await landed()).toEqual(["edxorg-program-credentials/reports_v2/MITx/a.csv"]);
    expect(await copy("program_reports")).toMatchObject({ known: 1, copied: 0 });
    await objects.put("partner-reports", "reports_v2/MITx/a.csv", "a,b,c");
    expect(await copy("program_reports")).toMatchObject({ copied: 1 });
  });
});

describe("a large object", () => {
  const SIZE = 5_123;
  const KEY = "sources/edxorg-archives/mitx-2026-01-04.tar.gz";
  const BYTES = randomBytes(SIZE);
  const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  /** The time is over after so many looks at the clock. */
  const clock = (looks: number) => () => (looks-- > 0 ? 0 : 1e9);

  it("is copied in several sittings, and is seen only when it is whole and its sum is right", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    expect(await copy("edxorg_archives", {}, clock(2))).toMatchObject({ more: true, copied: 0 });
    expect(await landed()).toEqual([]);
    const before = reads();
    expect(await copy("edxorg_archives")).toMatchObject({ more: false, copied: 1, bytes: SIZE });
    // Four of six ranges were there.
    expect([before, reads() - before]).toEqual([4, 2]);
    expect(sha(await bytesAt(KEY))).toBe(sha(BYTES));
    const record = await ledger.get("mirror#edxorg_archives", archive("2026-01-04"));
    expect(record?.data).toMatchObject({ copied: { verified: "crc32c", sizeBytes: SIZE, key: KEY } });
    expect(record?.data).not.toHaveProperty("underWay");
  });

  it("goes on behind what is on record when its process has died", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    const { putPart } = objects;
    objects.putPart = async (upload, number, body) => {
      if (number > 4) throw new Error("killed");
      return putPart(upload, number, body);
    };
    await expect(copy("edxorg_archives")).rejects.toThrow("killed");
    objects.putPart = putPart;
    const before = reads();
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1, more: false });
    expect(reads() - before).toBe(2);
    expect(sha(await bytesAt(KEY))).toBe(sha(BYTES));
  });

  it("is there once, although its process died before that was on record", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    const { write } = ledger;
    ledger.write = async (writes) => {
      if (JSON.stringify(writes).includes('"verified"')) throw new Error("killed");
      return write(writes);
    };
    await expect(copy("edxorg_archives")).rejects.toThrow("killed");
    ledger.write = write;
    const made = await objects.head({ bucket: LANDING, key: KEY });
    expect(made?.sizeBytes).toBe(SIZE);
    const before = reads();
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1 });
    expect(reads()).toBe(before);
    expect((await objects.head({ bucket: LANDING, key: KEY }))?.versionId).toBe(made?.versionId);
  });

  it("begins anew when it was replaced meanwhile", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    await copy("edxorg_archives", {}, clock(2));
    const other = randomBytes(SIZE - 1_000);
    gcs.put(ARCHIVES, archive("2026-01-04"), other);
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1 });
    expect(sha(await bytesAt(KEY))).toBe(sha(other));
  });

  it("is not taken when its bytes are not what its owner states; the next attempt reads all of them", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    gcs.fault({ call: "read", damaged: true });
    await expect(copy("edxorg_archives")).rejects.toMatchObject({
      name: "Transient",
      code: "origin_checksum_mismatch",
    });
    expect(await landed()).toEqual([]);
    const before = reads();
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1 });
    expect(reads() - before).toBe(6);
  });

  it("is checked by its MD5 where there is no other sum", async () => {
    const blob = gcs.put(ARCHIVES, archive("2026-01-04"), BYTES);
    blob.crc32c = undefined;
    gcs.fault({ call: "read", damaged: true });
    await expect(copy("edxorg_archives")).rejects.toMatchObject({ code: "origin_checksum_mismatch" });
    await copy("edxorg_archives");
    const record = await ledger.get("mirror#edxorg_archives", archive("2026-01-04"));
    expect(record?.data).toMatchObject({ copied: { verified: "md5" } });
  });
});

describe("one that fails", () => {
  it("does not stop the others, is named, and is copied the next time", async () => {
    for (const day of ["05", "06", "07"]) gcs.put(ARCHIVES, `COLD/mitx-edx-events-2026-01-${day}.log.gz`, day);
    const name = "COLD/mitx-edx-events-2026-01-06.log.gz";
    gcs.fault({ call: "read", name, damaged: true });
    expect(await copy("edxorg_tracking_logs")).toMatchObject({
      ...{ copied: 2, failed: [{ key: name, name: "Transient", code: "origin_checksum_mismatch" }] },
    });
    expect(await copy("edxorg_tracking_logs")).toMatchObject({ copied: 1, known: 2, failed: [] });
  });

  it("holds up those behind it where their order counts", async () => {
    for (const day of ["2026-01-04", "2026-01-11", "2026-01-18"]) gcs.put(ARCHIVES, archive(day), day);
    gcs.fault({ call: "read", name: archive("2026-01-11"), status: 403 });
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1, failed: [{ name: "Rejected" }] });
    expect(await landed()).toEqual(["sources/edxorg-archives/mitx-2026-01-04.tar.gz"]);
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 2, known: 1 });
  });

  it("was replaced between list and read: the next listing has the new one", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), "one");
    gcs.fault({ call: "read", status: 404 });
    await expect(copy("edxorg_archives")).rejects.toMatchObject({ name: "Transient", code: "origin_object_changed" });
    expect(await copy("edxorg_archives")).toMatchObject({ copied: 1 });
  });

  it("ends the run at once when all others would fail as well", async () => {
    gcs.put(ARCHIVES, archive("2026-01-04"), "one");
    gcs.fault({ call: "token", status: 400, times: 9 });
    await expect(copy("edxorg_archives")).rejects.toMatchObject({ name: "Misconfigured", code: "unauthorised" });
    rmSync(join(folder, "origins.json"));
    await expect(copy("edxorg_archives")).rejects.toMatchObject({ name: "Misconfigured", code: "origin_missing" });
  });
});

it("takes a page that comes twice for what it is", async () => {
  for (const day of ["2026-01-04", "2026-01-11", "2026-01-18"]) gcs.put(ARCHIVES, archive(day), day);
  gcs.fault({ call: "list" }, { call: "list", repeated: true });
  expect(await copy("edxorg_archives")).toMatchObject({ copied: 3 });
  expect(reads()).toBe(3);
});

it("leaves it to the one that is at it", async () => {
  gcs.put(ARCHIVES, archive("2026-01-04"), "one");
  const lease = { holder: "another", ttlSeconds: 600, waitSeconds: 0 };
  await withLease(ledger, "mirror/edxorg_archives", lease, async () => {
    expect(await copy("edxorg_archives", { waitSeconds: 0 })).toEqual({
      ...{ outcome: "busy", mirror: "edxorg_archives", more: false },
    });
  });
});
