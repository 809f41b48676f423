import { execFileSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { bundleTasks } from "../lib/constructs/bundle.ts";
import { provideDuckdb } from "../lib/constructs/duckdb-files.ts";
import { domains } from "../state-machines/index.ts";

const IMPORTS = 5;
/** A zip adds a local header, a directory entry and the name twice to every file. */
const ZIP_OVERHEAD_BYTES = 150;
const MEGABYTE = 2 ** 20;

/**
 * What a cold start has to load: the zipped size and the import time of every Lambda, each import in a process of
 * its own, and the unpacked size of DuckDB with its extensions beside Lambda's limit of 250 MB.
 */
export async function run(_args: readonly string[]) {
  const root = join(import.meta.dirname, "..");
  const pipelines = domains.map(({ pipeline }) => pipeline);
  const bundles = await bundleTasks(pipelines, root);
  const figures: Record<string, number> = {};
  const zips = { plain: 0, duckdb: 0 };
  const imports = { plain: 0, duckdb: 0 };
  for (const [name, task] of pipelines.flatMap(({ tasks }) => Object.entries(tasks))) {
    if (task.compute.kind !== "lambda") continue;
    const { directory } = bundles(task);
    const zipped = zippedBytes(directory);
    const milliseconds = median(Array.from({ length: IMPORTS }, () => importMilliseconds(join(directory, "index.js"))));
    figures[`${name}_zip_kb`] = round(zipped / 1024);
    figures[`${name}_import_ms`] = round(milliseconds);
    const kind = task.duckdb === true ? "duckdb" : "plain";
    zips[kind] = Math.max(zips[kind], zipped);
    imports[kind] = Math.max(imports[kind], milliseconds);
  }
  const layer = folderBytes(provideDuckdb(root, "arm64"));
  figures["duckdb_layer_unpacked_mb"] = round(layer / MEGABYTE);
  figures["largest_plain_zip_kb"] = round(zips.plain / 1024);
  figures["slowest_plain_import_ms"] = round(imports.plain);
  figures["slowest_duckdb_import_ms"] = round(imports.duckdb);
  return {
    bench: "bundle",
    machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${platform()} ${arch()}, node ${process.version}`,
    figures,
    ratios: {
      plain_zip_of_1_mb: round(zips.plain / MEGABYTE),
      duckdb_layer_and_largest_function_of_250_mb: round((layer + zips.duckdb * 4) / (250 * MEGABYTE)),
    },
  };
}

const files = (folder: string): readonly string[] =>
  globSync(join(folder, "**", "*")).filter((path) => statSync(path).isFile());

const folderBytes = (folder: string): number => files(folder).reduce((sum, path) => sum + statSync(path).size, 0);

const zippedBytes = (folder: string): number =>
  files(folder).reduce((sum, path) => sum + deflateRawSync(readFileSync(path)).length + ZIP_OVERHEAD_BYTES, 0);

function importMilliseconds(file: string): number {
  const program = `const start = performance.now(); require(${JSON.stringify(file)}); console.log(performance.now() - start);`;
  return Number(execFileSync(process.execPath, ["--eval", program], { encoding: "utf8" }));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const round = (value: number): number => Math.round(value * 100) / 100;
