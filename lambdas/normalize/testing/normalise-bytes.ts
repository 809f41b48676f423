import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { openDuckDb, quoteText, type DuckDb, type Row } from "../../../core/io/duckdb.ts";
import { normaliseFile, type NormaliseRequest, type NormalisedFile } from "../normalise-file.ts";
import type { QuarantineEntry } from "../quarantine-file.ts";

export interface Normalised extends Omit<NormalisedFile, "quarantine" | "normalisedPath"> {
  /** In the order of the input. */
  readonly rows: readonly Row[];
  /** Rows of each part, in the order of the file. */
  readonly partRows: readonly (readonly Row[])[];
  readonly quarantine: readonly QuarantineEntry[];
  readonly quarantinedBytes: Buffer;
  /** Lines of the normalised file. */
  readonly normalised: readonly string[];
  readonly normalisedGz: Buffer;
}

export const openTestDb = (): Promise<DuckDb> =>
  openDuckDb({ memoryMb: 512, threads: 1, tempDir: join(tmpdir(), "millrace-spill"), extensionsDir: "" });

/** Runs the normaliser on bytes as if they lay in the landing bucket, and reads all its outputs back. */
export async function normaliseBytes(
  db: DuckDb,
  bytes: Uint8Array | string,
  options: Pick<NormaliseRequest, "limits" | "fast" | "salvage"> & {
    readonly name?: string;
    readonly logDate?: string;
  } = {},
): Promise<Normalised> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-normalise-"));
  try {
    const { name = "a.log", logDate = "2026-01-15", limits = {}, fast = true, salvage = false } = options;
    const path = join(folder, "input");
    writeFileSync(path, bytes);
    const out = join(folder, "out");
    mkdirSync(out);
    const origin = {
      ...{ logDate, sourceFile: `s3://landing/${name}`, sourceSha256: "0".repeat(64), sourceVersion: "v1" },
      ...{ sourceModified: new Date("2026-01-16T01:02:03.456Z"), runId: "run-1" },
      loadedAt: new Date("2026-01-16T02:00:00Z"),
    };
    const file = await normaliseFile(db, { path, name, folder: out, origin, limits, fast, salvage });
    const partRows: Row[][] = [];
    for (const part of file.parts) partRows.push(await db.rows(`FROM read_parquet(${quoteText(part.path)})`));
    const index = readFileSync(file.quarantine.indexPath, "utf8").split("\n").slice(0, -1);
    const normalisedGz = readFileSync(file.normalisedPath);
    return {
      ...file,
      partRows,
      rows: partRows.flat().sort((a, b) => Number(a["source_line"]) - Number(b["source_line"])),
      quarantine: index.map((line) => JSON.parse(line)),
      quarantinedBytes: readFileSync(file.quarantine.linesPath),
      normalised: gunzipSync(normalisedGz).toString("utf8").split("\n").slice(0, -1),
      normalisedGz,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
