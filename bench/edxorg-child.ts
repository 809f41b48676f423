import { createReadStream, createWriteStream, existsSync, mkdirSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { embeddedLedger } from "../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import { isFileBody } from "../core/io/file-body.ts";
import type { ObjectHead, Objects } from "../core/io/ports.ts";
import { EDXORG_LIMITS } from "../lambdas/edxorg/archive/limits.ts";
import { unpackArchive } from "../lambdas/edxorg/archive/unpack.ts";

/**
 * One unpacking in a process of its own, so that its peak memory is its own: `MODE ARCHIVE FOLDER`. `embedded` puts
 * objects as the product does on one machine (each durable, with an MD5, in an index); `files` writes plain files, as
 * the peer does. Landing is not counted.
 */
const [mode = "", path = "", folder = ""] = process.argv.slice(2);
const ARCHIVE = "mitx-2026-01-04.tar.gz";
const KEY = `sources/edxorg-archives/${ARCHIVE}`;
const buckets = {
  landing: "m-landing",
  lake: "m-lake",
  quarantine: "m-quarantine",
  artifacts: "m-artifacts",
  drops: "m-drops",
};

const ledger = embeddedLedger(folder);
const embedded = embeddedObjects(folder);
const objects = mode === "embedded" ? embedded : plainFiles();
const object =
  mode === "embedded"
    ? (await embedded.put(buckets.landing, KEY, createReadStream(path))).head
    : headOf(buckets.landing, KEY, statSync(path).size);
const work = join(folder, "work");
mkdirSync(work);
const started = performance.now();
const record = await unpackArchive({
  ...{ io: { objects, ledger }, buckets, object, archive: ARCHIVE, folder: work, rowHash: "safe" },
  ...{ limits: EDXORG_LIMITS, runId: "bench" },
});
const seconds = (performance.now() - started) / 1_000;
ledger.close();
embedded.close();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1_000_000;
const measured = { seconds, cpuSeconds, peakRssMb: maxRSS / 1_024, members: record.members };
process.stdout.write(`${JSON.stringify(measured)}\n`);

function headOf(bucket: string, key: string, sizeBytes: number): ObjectHead {
  return { bucket, key, sizeBytes, etag: "1", versionId: "1", lastModified: new Date(0), metadata: {} };
}

function plainFiles(): Objects {
  const fileOf = (bucket: string, key: string): string => join(folder, "files", bucket, key);
  const none = async (): Promise<never> => {
    throw new Error("The bench does not need it.");
  };
  return {
    ...embedded,
    put: async (bucket, key, body) => {
      const file = fileOf(bucket, key);
      await mkdir(dirname(file), { recursive: true });
      if (isFileBody(body)) await rename(body.path, file);
      else await (body instanceof Readable ? pipeline(body, createWriteStream(file)) : writeFile(file, body));
      return { head: headOf(bucket, key, 0), created: true };
    },
    head: async ({ bucket, key }) => (existsSync(fileOf(bucket, key)) ? headOf(bucket, key, 0) : undefined),
    get: async ({ bucket, key }, range) =>
      createReadStream(key === KEY ? path : fileOf(bucket, key), { ...range, highWaterMark: 1_048_576 }),
    ...{ list: none, withFile: none, sqlUri: none },
  };
}
