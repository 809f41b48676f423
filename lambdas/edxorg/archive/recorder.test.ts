import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { memoryLedger } from "../../../test/standins/memory-ledger.ts";
import { bareRow } from "./manifest-row.ts";
import type { ReadMember } from "./read-member.ts";
import { Recorder } from "./recorder.ts";

const OF = { archive: "mitx-2026-01-04.tar.gz", version: "v" };
const ROOM_BYTES = 64 * 1_048_576;

let root: string;
let objects: ReturnType<typeof embeddedObjects>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-recorder-"));
  objects = embeddedObjects(root);
  return () => {
    objects.close();
    rmSync(root, { recursive: true });
  };
});

it("hears of a member that fails before there was room for it, and records nothing from there on", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown): void => void unheard.push(error);
  process.on("unhandledRejection", hear);
  try {
    const ledger = memoryLedger();
    const recorder = await Recorder.open({ io: { objects, ledger }, bucket: "m-landing", of: OF, metadata: {} });
    const row = (name: string) => ({ row: { ...bareRow(name, 1), status: "unmatched" as const } });
    const large = Promise.withResolvers<ReadMember>();
    await recorder.add({ sizeBytes: ROOM_BYTES, read: large.promise });
    const second = Promise.withResolvers<ReadMember>();
    const adding = recorder.add({ sizeBytes: 1, read: second.promise });
    second.reject(Object.assign(new Error("The disk is full."), { code: "ENOSPC" }));
    await turn();
    large.resolve(row("large"));
    await adding;
    await recorder.add({ sizeBytes: 1, read: Promise.resolve(row("third")) });
    await expect(recorder.flush()).rejects.toMatchObject({ code: "ENOSPC" });
    await recorder.settle();
    expect(Object.fromEntries(recorder.counts)).toEqual({ unmatched: 1 });
    expect(unheard).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});
