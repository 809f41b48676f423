import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import type { TaskContext } from "../../core/task.ts";
import { makeTarGz } from "../../test/standins/make-tar.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { landedArchive } from "./archive/keys.ts";
import { unpackLanded } from "./unpack-archive.ts";

const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };
const KEY = "sources/edxorg-archives/mitx-2026-01-04.tar.gz";

let folder: string;
let ledger: ReturnType<typeof memoryLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let warnings: unknown[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-edxorg-test-"));
  // What the task leaves behind would show here.
  mkdirSync(join(folder, "tmp"));
  process.env["TMPDIR"] = join(folder, "tmp");
  ledger = memoryLedger();
  objects = embeddedObjects(folder);
  warnings = [];
  return () => {
    delete process.env["TMPDIR"];
    objects.close();
    rmSync(folder, { recursive: true });
  };
});

const unpack = async (key = KEY, rowHash: "safe" | "legacy" | "both" = "safe") => {
  const log = { warn: (_text: string, more: unknown) => warnings.push(more) };
  const context = { io: { ledger, objects }, settings: { buckets }, run: { id: "run" }, log } as unknown as TaskContext;
  const outcome = await unpackLanded({ bucket: buckets.landing, key, rowHash }, context);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  return outcome;
};

describe("the name of a landed file", () => {
  it.each([
    ["sources/edxorg-archives/mitx-2026-01-04.tar.gz", "mitx-2026-01-04.tar.gz"],
    ["sources/edxorg-archives/COLD/mitx-2026-01-04.tar.gz", undefined],
    ["sources/edxorg-archives/mitx-2026-01-04.tar.gz.part", undefined],
    ["sources/edxorg-archives/mitx-edx-events-2026-01-04.tar.gz", undefined],
    ["sources/edxorg-archives/MITx-2026-01-04.tar.gz", undefined],
    ["sources/edxorg-archives/mitx-2026-02-30.tar.gz", undefined],
    ["sources/edxorg-archives/mitx-2026-1-4.tar.gz", undefined],
    ["mitx-2026-01-04.tar.gz", undefined],
  ])("%s", (key, archive) => {
    expect(landedArchive(key)).toBe(archive);
  });
});

describe("a landed archive", () => {
  it("is unpacked, once it is announced unchanged, and again when it is replaced", async () => {
    const bytes = await makeTarGz([
      { name: "MITx-6.00x-1T2020.mongo", text: "x" },
      { name: "MITx-6.00x-1T2020-odd-prod.sql", text: "a\n1\n" },
    ]);
    const { head } = await objects.put(buckets.landing, KEY, bytes);
    const dataVersion = createHash("sha256").update(bytes).digest("hex");
    const first = await unpack();
    expect(first).toMatchObject({
      ...{ outcome: "unpacked", asset: "edxorg/raw_data/archive", partition: "mitx-2026-01-04.tar.gz", dataVersion },
      ...{ counts: { new: 1, unknown_table: 1 }, members: 2, missing: 0 },
      manifestKey: "edxorg/archives/mitx-2026-01-04.tar.gz/manifest.jsonl",
    });
    expect(warnings).toEqual([
      { archive: "mitx-2026-01-04.tar.gz", check: { name: "unknown_table", passed: false, members: 1 } },
    ]);
    // A step behind this one died: it is asked for again.
    expect(await unpack()).toEqual(first);
    await ledger.write([
      {
        put: { pk: "materialisation#edxorg/raw_data/archive", sk: `mitx-2026-01-04.tar.gz#${dataVersion}#1`, data: {} },
        if: { any: true },
      },
    ]);
    expect(await unpack()).toEqual({ ...first, outcome: "unchanged" });
    await objects.put(buckets.landing, KEY, await makeTarGz([{ name: "MITx-6.00x-1T2020.mongo", text: "y" }]));
    expect(await unpack()).toMatchObject({ outcome: "unpacked", counts: { new: 1 }, missing: 0 });
    expect((await objects.head({ bucket: buckets.landing, key: KEY }))?.etag).not.toBe(head.etag);
  });

  it("is left alone under another name, and Rejected when it is gone", async () => {
    expect(await unpack("sources/edxorg-archives/other.tar.gz")).toMatchObject({ outcome: "ignored" });
    await expect(unpack()).rejects.toMatchObject({ name: "Rejected", code: "object_missing" });
  });

  it("leaves nothing on the disk when it is cut", async () => {
    const bytes = await makeTarGz([{ name: "MITx-6.00x-1T2020.mongo", text: "x".repeat(3_000_000) }]);
    await objects.put(buckets.landing, KEY, bytes.subarray(0, -300));
    await expect(unpack()).rejects.toMatchObject({ name: "Malformed", code: "gzip_truncated" });
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });
});

describe("the row hash of an environment", () => {
  it("is settled by the first archive: another is refused before anything is done", async () => {
    const bytes = await makeTarGz([{ name: "MITx-6.00x-1T2020-auth_user-prod.sql", text: "id\n1\n" }]);
    await objects.put(buckets.landing, KEY, bytes);
    await unpack(KEY, "both");
    // The same hash without the other column beside it.
    await unpack(KEY, "safe");
    await expect(unpack(KEY, "legacy")).rejects.toMatchObject({
      ...{ name: "Misconfigured", code: "row_hash_changed" },
      message: expect.stringContaining('"safe" row hashes; the environment says "legacy"'),
    });
  });
});
