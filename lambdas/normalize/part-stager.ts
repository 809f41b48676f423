import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDb } from "../../core/io/duckdb.ts";
import { Failure } from "../../core/model/failures.ts";
import { Part, PART_BYTES } from "./part.ts";
import { stageParquet, type RowOrigin } from "./stage-parquet.ts";

export interface StagedFile {
  readonly path: string;
  readonly rows: number;
}

/** Two parts in turn: while the engine turns one into Parquet, lines fill the other. */
export class PartStager {
  readonly files: StagedFile[] = [];
  part = new Part();
  private spare: Part | undefined;
  private working: Promise<void> = Promise.resolve();
  private started = 0;
  private readonly db: DuckDb;
  private readonly origin: RowOrigin;
  private readonly folder: string;
  private readonly partBytes: number;

  constructor(db: DuckDb, origin: RowOrigin, folder: string, partBytes = PART_BYTES) {
    this.db = db;
    this.origin = origin;
    this.folder = folder;
    this.partBytes = partBytes;
  }

  /** Hands the part over when it is full. Waits only if the one before is still being staged. */
  async settle(): Promise<void> {
    if (this.part.place >= this.partBytes) await this.flush();
  }

  async finish(): Promise<readonly StagedFile[]> {
    if (this.part.count > 0) await this.flush();
    await this.working;
    return this.files;
  }

  private async flush(): Promise<void> {
    await this.working;
    const full = this.part;
    this.part = this.spare ?? new Part();
    this.spare = undefined;
    this.working = this.stage(full).then(() => {
      full.clear();
      this.spare = full;
    });
    // The error is thrown by the next `flush` or by `finish`.
    this.working.catch(() => undefined);
  }

  private async stage(part: Part): Promise<void> {
    const name = `part-${String(this.started).padStart(5, "0")}`;
    this.started += 1;
    const path = join(this.folder, `${name}.ndjson`);
    const file = await open(path, "w");
    try {
      await part.write(file);
    } finally {
      await file.close();
    }
    const target = join(this.folder, `${name}.parquet`);
    const rows = await stageParquet(this.db, { path, longestLine: part.longestLine }, this.origin, target);
    await rm(path);
    if (rows !== part.count) throw rowsLost(part.count, rows);
    this.files.push({ path: target, rows });
  }

  /** Waits for work in flight, whatever became of it: its files must not appear after their folder is removed. */
  async abandon(): Promise<void> {
    await this.working.catch(() => undefined);
  }
}

function rowsLost(written: number, read: number): Failure {
  return new Failure("Malformed", `The engine read ${read} of ${written} staged lines: nothing is published.`, {
    code: "accounting_mismatch",
    what: "stage rows of a tracking log",
    hint: "Keep the file and report it: a line was staged in a form that the engine reads differently.",
    details: { written, read },
  });
}
