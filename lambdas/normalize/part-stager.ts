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

/** Parts that wait for the engine, at most: with fewer, reading and compressing would wait for it. */
const WAITING_MAX = 2;

/** Parts in turn: while the engine turns one into Parquet, lines fill the next ones. */
export class PartStager {
  readonly files: StagedFile[] = [];
  part = new Part();
  private readonly spare: Part[] = [];
  /** The last of the parts that were handed over; each begins when the one before is done. */
  private working: Promise<void> = Promise.resolve();
  private readonly waiting: Promise<void>[] = [];
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
    if (this.waiting.length >= WAITING_MAX) await this.waiting.shift();
    const full = this.part;
    this.part = this.spare.pop() ?? new Part();
    this.working = this.working.then(async () => {
      await this.stage(full);
      full.clear();
      this.spare.push(full);
    });
    // The error is thrown by a later `flush` or by `finish`.
    this.working.catch(() => undefined);
    this.waiting.push(this.working);
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
