import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { describeFailure } from "../../../core/model/failures.ts";
import type { TaskContext } from "../../../core/task.ts";
import { OutputSpool } from "../../../lambdas/edxorg/archive/output-spool.ts";
import { PIECE_BYTES, WritePieces } from "../../../lambdas/edxorg/archive/write-pieces.ts";
import { unpackLanded } from "../../../lambdas/edxorg/unpack-archive.ts";
import { makeTarGz, type TarMember } from "../../standins/make-tar.ts";
import { memoryLedger } from "../../standins/memory-ledger.ts";

/**
 * Unpacks archives of edx.org with a small disk at `small` for what is under way, then again with one that is large
 * enough; prints what happened as JSON. Objects have a disk of their own.
 */
const [small = "", large = ""] = process.argv.slice(2);
const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };
const key = "sources/edxorg-archives/mitx-2026-01-04.tar.gz";

const lines = (count: number, end: string, more = ""): string =>
  Array.from({ length: count }, (_, n) => `${n}\t${"v".repeat(90)}${more}${end}`).join("");
const table = (name: string, body: string, end = "\n"): TarMember => ({
  name: `MITx-${name}x-1T2020-auth_user-prod.sql`,
  text: `id\tname${end}${body}`,
});

const ARCHIVES: Readonly<Record<string, readonly TarMember[]>> = {
  // All of it is one write, which is waited for only when it is read.
  crlf: [table("1", lines(3_000, "\r\n"), "\r\n")],
  table: [table("1", lines(30_000, "\n"))],
  file: [{ name: "MITx-1x-1T2020.mongo", text: lines(3_000, "\n") }],
  quarantined: [table("1", lines(3_000, "\n", "\tsurplus"))],
  // One thread has the first of them when another begins with the second.
  two: [table("1", lines(30, "\n")), table("2", lines(30_000, "\n"))],
};

const report: Record<string, unknown> = {};
for (const [name, members] of Object.entries(ARCHIVES)) {
  const ledger = memoryLedger();
  const objects = embeddedObjects(mkdtempSync(join(large, "home-")));
  const log = { warn: () => undefined };
  const context = { io: { ledger, objects }, settings: { buckets }, run: { id: "run" }, log } as unknown as TaskContext;
  await objects.put(buckets.landing, key, await makeTarGz(members));
  const unpack = async (disk: string): Promise<unknown> => {
    process.env["TMPDIR"] = disk;
    try {
      return (await unpackLanded({ bucket: buckets.landing, key, rowHash: "safe" }, context)).outcome;
    } catch (error) {
      return describeFailure(error);
    }
  };
  const first = await unpack(small);
  const left = readdirSync(small);
  const second = await unpack(large);
  const manifest = await objects.get({
    bucket: buckets.artifacts,
    key: "edxorg/archives/mitx-2026-01-04.tar.gz/manifest.jsonl",
  });
  const rows = (await text(manifest))
    .trimEnd()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  const found = rows.map(({ status, rows: count, quarantined }) => [status, count, quarantined]);
  report[name] = { first, left, second, found };
  objects.close();
}

/** What is spooled is read before it is finished, where others may have made room meanwhile. */
const spool = new OutputSpool(join(small, "spool"), { pieces: new WritePieces(), direct: false });
await spool.write(Buffer.alloc(PIECE_BYTES - 1));
const read = await buffer(spool.chunks()).then(
  (bytes) => bytes.length,
  (error: unknown) => describeFailure(error).message,
);
await spool.remove();
console.log(JSON.stringify({ ...report, read }));
