import { createReadStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { embeddedLedger } from "../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import { EDXORG_LIMITS } from "../lambdas/edxorg/archive/limits.ts";
import { unpackArchive } from "../lambdas/edxorg/archive/unpack.ts";

/** One unpacking in a process of its own, so that its peak memory is its own: `ARCHIVE FOLDER`. Landing is not counted. */
const [path = "", folder = ""] = process.argv.slice(2);
const ARCHIVE = "mitx-2026-01-04.tar.gz";
const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };

const io = { objects: embeddedObjects(folder), ledger: embeddedLedger(folder) };
const { head } = await io.objects.put(buckets.landing, `sources/edxorg-archives/${ARCHIVE}`, createReadStream(path));
const work = join(folder, "work");
mkdirSync(work);
const started = performance.now();
const record = await unpackArchive({
  ...{
    io,
    buckets,
    object: head,
    archive: ARCHIVE,
    folder: work,
    rowHash: "safe",
    limits: EDXORG_LIMITS,
    runId: "bench",
  },
});
const seconds = (performance.now() - started) / 1_000;
io.ledger.close();
io.objects.close();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1_000_000;
const measured = { seconds, cpuSeconds, peakRssMb: maxRSS / 1_024, members: record.members };
process.stdout.write(`${JSON.stringify(measured)}\n`);
