import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { DuckDb } from "../../core/io/duckdb.ts";
import { Failure } from "../../core/model/failures.ts";
import type { LineCounts } from "./accounting.ts";
import { Container, type ContainerFacts } from "./container.ts";
import { fastPath } from "./fast-path.ts";
import { GzipFile } from "./gzip-file.ts";
import { FastLines } from "./kernel/fast-lines.ts";
import { LineNormaliser, type LineSink } from "./normalise-lines.ts";
import { PartStager, type StagedFile } from "./part-stager.ts";
import { QuarantineFile } from "./quarantine-file.ts";
import { LineSplitter, type FastReader, type LineConsumer } from "./split-lines.ts";
import type { RowOrigin } from "./stage-parquet.ts";

const READ_BYTES = 256 * 1024;
const LINE_TAIL = Buffer.from("}\n");

export interface NormaliseRequest {
  /** The object's bytes. */
  readonly path: string;
  /** Its key: the ending tells whether it must be gzip. */
  readonly name: string;
  /** Empty; all outputs are written here. */
  readonly folder: string;
  readonly origin: RowOrigin;
  /** For tests of lines that are too long and of many parts. */
  readonly limits?: { readonly lineBytes?: number; readonly partBytes?: number };
  /** False = every line takes the byte path; the outputs are the same, which the tests hold. */
  readonly fast?: boolean;
  /** Take the complete lines of a gzip that was cut. */
  readonly salvage?: boolean;
}

/** Files of one normalised tracking log, in the request's folder, ready to be put where they belong. */
export interface NormalisedFile {
  readonly facts: ContainerFacts;
  readonly counts: LineCounts;
  /** Parquet, each sorted by event time and line. */
  readonly parts: readonly StagedFile[];
  /** The 14 columns as NDJSON, gzip, in the order of the input. */
  readonly normalisedPath: string;
  readonly quarantine: { readonly count: number; readonly linesPath: string; readonly indexPath: string };
}

/**
 * Reads one tracking log once: container verified, every line a row, a refusal or blank, rows staged as Parquet.
 * Bounded memory at any size. Throws Malformed for a damaged container and for lines that do not add up; then the
 * folder's content must not be used.
 */
export async function normaliseFile(db: DuckDb, request: NormaliseRequest): Promise<NormalisedFile> {
  const { path, name, folder, origin, limits = {}, fast = true, salvage = false } = request;
  const linesPath = join(folder, "quarantine.lines");
  const indexPath = join(folder, "quarantine.index.jsonl");
  const normalisedPath = join(folder, "normalised.log.gz");
  const quarantine = await QuarantineFile.create(linesPath, indexPath);
  const stager = new PartStager(db, origin, folder, limits.partBytes);
  const normalised = new GzipFile(normalisedPath);
  const normaliser = new LineNormaliser(sinkTo(stager, normalised, quarantine), origin.logDate);
  const reader = fast
    ? fastPath(new FastLines(), origin.logDate, normaliser.counts, (block) => {
        normalised.add(block.normalised, 0, block.normalised.length);
        stager.part.addBlock(block);
      })
    : undefined;
  const splitter = new LineSplitter(consumerOf(normaliser, quarantine, reader), limits.lineBytes);
  const container = new Container(createReadStream(path, { highWaterMark: READ_BYTES }), name, { salvage });
  const settle = async (): Promise<void> => {
    await quarantine.settle();
    await normalised.settle();
    await stager.settle();
  };
  try {
    for await (const chunk of container.text()) {
      splitter.push(chunk);
      free(chunk);
      await settle();
    }
    splitter.finish();
    await settle();
    const parts = await stager.finish();
    await normalised.finish();
    const { facts } = container;
    if (facts === undefined) throw new Error("A container that was read to its end has facts.");
    const { counts } = normaliser;
    assertAccounted(facts, counts, parts);
    return { facts, counts, parts, normalisedPath, quarantine: { count: quarantine.count, linesPath, indexPath } };
  } catch (error) {
    normalised.destroy();
    await stager.abandon();
    throw error;
  } finally {
    await quarantine.close();
  }
}

/**
 * Frees a chunk's memory now. Left to the garbage collector, a gigabyte of chunks costs a second of marking. A chunk
 * that ends before its memory does shares it with the next one; a small one may share it with anybody.
 */
function free({ buffer, byteOffset, byteLength }: Buffer): void {
  const isLast = byteOffset + byteLength === buffer.byteLength && buffer.byteLength > Buffer.poolSize;
  if (isLast && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function sinkTo(stager: PartStager, normalised: GzipFile, quarantine: QuarantineFile): LineSink {
  return {
    reserve: (bytes) => stager.part.reserve(bytes),
    get buffer() {
      return stager.part.buffer;
    },
    get place() {
      return stager.part.place;
    },
    accept(end, columnsEnd, micros) {
      const { part } = stager;
      normalised.add(part.buffer, part.place, columnsEnd);
      normalised.add(LINE_TAIL, 0, LINE_TAIL.length);
      part.add(end, micros);
    },
    refuse: (found, verdict) => quarantine.add(found, verdict),
  };
}

function consumerOf(
  normaliser: LineNormaliser,
  quarantine: QuarantineFile,
  fast: FastReader | undefined,
): LineConsumer {
  return {
    fast,
    take: (bytes, start, end, ending, line, offset, knownUtf8) =>
      normaliser.take(bytes, start, end, ending, line, offset, knownUtf8),
    longPiece: (bytes) => quarantine.piece(bytes),
    tooLong(found) {
      normaliser.tooLong(found.line, found.blank);
      quarantine.endLong(found);
    },
  };
}

/** The identity of the contract, between three independent counts: newlines, lines judged, rows that the engine read. */
export function assertAccounted(
  facts: Pick<ContainerFacts, "newlines" | "bytesAfterLastNewline">,
  counts: Pick<LineCounts, "lines" | "quarantined" | "blank">,
  parts: readonly Pick<StagedFile, "rows">[],
): void {
  const lines = facts.newlines + (facts.bytesAfterLastNewline > 0 ? 1 : 0);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  if (lines === counts.lines && lines === rows + counts.quarantined + counts.blank) return;
  const { quarantined, blank } = counts;
  const sum = `${rows} rows + ${quarantined} quarantined + ${blank} blank`;
  throw new Failure("Malformed", `The file has ${lines} lines, but ${sum} were accounted for: nothing is published.`, {
    code: "accounting_mismatch",
    what: "account for the lines of a tracking log",
    hint: "Keep the file and report it: this is a bug in the normaliser.",
    details: { lines, rows, quarantined, blank },
  });
}
