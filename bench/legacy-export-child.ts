import * as z from "zod";
import { embeddedLedger } from "../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import { exportFile } from "../lambdas/legacy-openedx/drop/export-file.ts";
import { fileRecord } from "../lambdas/legacy-openedx/drop/file-record.ts";
import { mysqlSource } from "../lambdas/legacy-openedx/mysql/mysql-source.ts";
import { dropFiles } from "../lambdas/legacy-openedx/queries.ts";

/** One measured export in a process of its own, so that its peak memory is its own. */
const Job = z.object({ port: z.number(), ca: z.string(), courses: z.array(z.string()), folder: z.string() });
const { port, ca, courses, folder } = Job.parse(JSON.parse(process.argv[2] ?? ""));
const file = dropFiles.find(({ name }) => name === "studentmodule_query.csv");
if (file === undefined) throw new Error("The drop has no such file.");

const ledger = embeddedLedger(folder);
const objects = embeddedObjects(folder);
const started = performance.now();
const { rows, bytes } = await exportFile({
  io: { objects },
  record: fileRecord(ledger, { deployment: "mitx", date: "20260115" }, "bench", file.name),
  source: mysqlSource(async () => ({
    ...{ host: "localhost", port: String(port), ca, username: "reader", password: "one", database: "edxapp" },
  })),
  ...{ file, courses, coursesSha256: "bench" },
  staged: { bucket: "artifacts", key: `drops/${file.name}` },
  quarantine: { bucket: "quarantine", prefix: "quarantine/" },
  check: async () => undefined,
});
const seconds = (performance.now() - started) / 1_000;
objects.close();
ledger.close();
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds, rows, bytes, peakRssMb: maxRSS / 1024 })}\n`);
process.exit();
