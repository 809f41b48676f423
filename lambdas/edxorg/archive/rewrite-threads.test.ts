import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OutputSpool } from "./output-spool.ts";
import { SLOT_BYTES, SLOTS, type TableWork } from "./rewrite-messages.ts";
import { RewriteThreads } from "./rewrite-threads.ts";
import type { RowHash } from "./row-hash.ts";
import { openTable } from "./table-rows.ts";
import { threadFault } from "./thread-fault.ts";
import { WritePieces } from "./write-pieces.ts";

const HEADER = Buffer.from("id\tname\n");
const EXTRACTED = ["course-v1:MITx+1x+1T2020", "MITx", "1x", "1T2020", "edxorg_prod"];

let folder: string;
let threads: RewriteThreads;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-threads-"));
  threads = new RewriteThreads();
});
afterEach(async () => {
  await threads.close();
  rmSync(folder, { recursive: true });
});

const work = (name: string, more: { rowHash?: RowHash; lineBytes?: number; direct?: boolean } = {}): TableWork => {
  const { rowHash = "safe", lineBytes = 1_048_576, direct = true } = more;
  const [spoolPath, linesPath, indexPath] = ["bin", "lines", "index"].map((end) => join(folder, `${name}.${end}`));
  if (spoolPath === undefined || linesPath === undefined || indexPath === undefined) throw new Error("No paths.");
  const options = { extracted: EXTRACTED, rowHash, crlf: false, lineBytes };
  return { header: HEADER, options, direct, spoolPath, linesPath, indexPath };
};

const rows = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, n) => `${n}\t${"v".repeat(900 + (n % 90))}\n`).join(""));

async function* inPieces(bytes: Buffer, size = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** sha256 of what a table becomes without threads. */
async function expected(bytes: Buffer): Promise<string> {
  const alone = mkdtempSync(join(folder, "alone-"));
  const spool = new OutputSpool(join(alone, "bin"), { pieces: new WritePieces(), direct: false });
  const target = { linesPath: "", indexPath: "", write: (chunk: Buffer) => spool.write(chunk) };
  const table = await openTable(HEADER, target, work("alone").options);
  await table.chunk(bytes);
  await table.end();
  const { sha256 } = await spool.finish();
  rmSync(alone, { recursive: true });
  return sha256;
}

const sha = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Gives a table of which nothing is known yet; the first and the second go to different threads. */
const give = (of: TableWork, bytes: Buffer, chunks: AsyncIterable<Buffer> = inPieces(bytes)) =>
  threads.rewrite(of, bytes.length, chunks);

async function isRight(of: TableWork, bytes: Buffer, given = give(of, bytes)): Promise<void> {
  const { file } = await (await given).rewritten;
  const sha256 = bytes === LARGE ? await ofLarge : await expected(bytes);
  expect(file).toMatchObject({ path: of.spoolPath, sha256 });
  expect(sha(of.spoolPath)).toBe(sha256);
  rmSync(of.spoolPath);
}

/** More than all slots hold. */
const LARGE = rows(18_000);
let ofLarge: Promise<string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-threads-"));
  ofLarge = expected(LARGE);
  await ofLarge;
  rmSync(folder, { recursive: true });
});

describe("of two tables at once", () => {
  it("both are right, and the next ones", async () => {
    expect(LARGE.length).toBeGreaterThan(SLOTS * SLOT_BYTES);
    const [one, other] = [rows(3_000), rows(2_000)];
    await Promise.all([isRight(work("1"), LARGE), isRight(work("2"), one)]);
    await Promise.all([isRight(work("3"), other), isRight(work("4"), one)]);
  });

  it("one is delivered when the place of the other is taken, and both threads go on", async () => {
    const taken = work("1");
    writeFileSync(taken.spoolPath, "another's");
    const [failing, right] = [give(taken, LARGE), give(work("2"), LARGE)];
    // All of its chunks are taken nevertheless: nobody waits for a slot.
    await expect((await failing).rewritten).rejects.toMatchObject({ code: "EEXIST" });
    await isRight(work("2"), LARGE, right);
    rmSync(taken.spoolPath, { force: true });
    await Promise.all([isRight(work("3"), LARGE), isRight(work("4"), LARGE)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("one is delivered when the bytes of the other break off, and both threads go on", async () => {
    const brokenOff = async function* (): AsyncGenerator<Buffer> {
      yield* inPieces(LARGE.subarray(0, 3_000_000));
      throw new Error("The archive ends inside this member.");
    };
    const [failing, right] = [give(work("1"), LARGE, brokenOff()), give(work("2"), LARGE)];
    await expect(failing).rejects.toThrow("The archive ends");
    await isRight(work("2"), LARGE, right);
    await Promise.all([isRight(work("3"), LARGE), isRight(work("4"), LARGE)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("one is delivered when the lines of the other are quarantined", async () => {
    const row = "1\ta\n".repeat(10);
    const bad = Buffer.concat([Buffer.from(`${row}1\t2\t3\n`), Buffer.from([0xff, 10]), Buffer.from(row)]);
    for (const rowHash of ["safe", "legacy", "both"] as const) {
      const of = work(`${rowHash}-1`, { rowHash, lineBytes: 1_000 });
      const long = Buffer.concat([bad, Buffer.alloc(1_500, "l"), Buffer.from("\n1\ta")]);
      const [found, right] = [give(of, long, inPieces(long, 700)), give(work("2"), LARGE)];
      const { facts } = await (await found).rewritten;
      expect(facts).toMatchObject({ rows: 21, quarantined: 3, inputLines: 25 });
      expect(readFileSync(of.linesPath, "latin1")).toBe(`1\t2\t3\n\xff\n${"l".repeat(1_500)}\n`);
      await isRight(work("2"), LARGE, right);
    }
  });

  it("none is waited for when the threads are closed", async () => {
    const halted = Promise.withResolvers<void>();
    const halting = async function* (): AsyncGenerator<Buffer> {
      yield* inPieces(LARGE);
      await halted.promise;
      yield* inPieces(LARGE);
    };
    const [one, other] = [give(work("1"), LARGE, halting()), give(work("2"), LARGE)];
    const ends = Promise.allSettled([one, other.then(({ rewritten }) => rewritten)]);
    await threads.close();
    halted.resolve();
    const [first] = await ends;
    expect(first.status).toBe("rejected");
    await expect(give(work("3"), rows(3))).rejects.toThrow("has ended");
  });
});

describe("a thread for which there is no room", () => {
  const script = `
    import { RewriteThreads } from "${pathToFileURL(join(import.meta.dirname, "rewrite-threads.ts")).href}";
    const threads = new RewriteThreads();
    const chunks = (async function* () { for (let n = 0; n < 300; n += 1) yield Buffer.alloc(100_000, "1\\n"); })();
    const options = { extracted: [], rowHash: "safe", crlf: false, lineBytes: 1_000 };
    const paths = { spoolPath: "/dev/null/x", linesPath: "/dev/null/x", indexPath: "/dev/null/x" };
    try {
      const work = { header: Buffer.from("id\\n"), options, direct: false, ...paths };
      await (await threads.rewrite(work, 1, chunks)).rewritten;
    } catch ({ name, code, message }) {
      console.log(JSON.stringify({ name, code, message }));
    }
    await threads.close();`;

  it("is said to be the machine's fault, not waited for: its kernel has no memory", () => {
    const path = join(folder, "alone.mjs");
    writeFileSync(path, script);
    const said = JSON.parse(execFileSync(process.execPath, ["--wasm-max-mem-pages=150", path], { encoding: "utf8" }));
    expect(said).toMatchObject({ name: "Transient", code: "no_room_for_thread" });
    expect(said.message).toContain("Cannot allocate Wasm memory");
  });

  it("is said to be the machine's fault: it cannot be started", () => {
    const error = Object.assign(new Error("EAGAIN"), { code: "ERR_WORKER_INIT_FAILED" });
    expect(threadFault(error)).toMatchObject({ name: "Transient", code: "no_room_for_thread" });
    const bug = new TypeError("x is not a function");
    expect(threadFault(bug)).toBe(bug);
  });
});
