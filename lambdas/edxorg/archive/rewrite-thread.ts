import { parentPort, Worker, workerData, type MessagePort } from "node:worker_threads";
import * as z from "zod";
import { giveBack } from "../../archive/inflated-memory.ts";
import { FastRows } from "./kernel/fast-rows.ts";
import { OutputSpool } from "./output-spool.ts";
import {
  SLOT_BYTES,
  SLOTS,
  type FromThread,
  type Rewritten,
  type TableWork,
  type ToThread,
} from "./rewrite-messages.ts";
import type { TableRewriter } from "./table-rewriter.ts";
import { openTable } from "./table-rows.ts";
import { threadFault } from "./thread-fault.ts";
import { WritePieces } from "./write-pieces.ts";

const ROLE = "edxorg-tables";
const FREED_AT_ONCE = SLOTS / 4;

/**
 * A thread that rewrites tables, one after another in the order in which they are given, while this one reads the
 * archive and puts what is ready. Half of the work of an archive is rows.
 */
export class RewriteThread {
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #slots = Buffer.from(this.#memory);
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #results: PromiseWithResolvers<Rewritten>[] = [];
  readonly #worker: Worker;
  #wake: (() => void) | undefined;
  #fault: Error | undefined;

  constructor() {
    this.#worker = started(this.#memory);
    this.#worker.on("message", (message: FromThread) => this.#take(message));
    this.#worker.on("error", (error) => this.#end(threadFault(error)));
    this.#worker.on("exit", () => this.#end(new Error("The thread that rewrites tables has ended.")));
  }

  /** Gives `chunks` to the thread. It resolves when all are given; what they became follows. */
  async rewrite(work: TableWork, chunks: AsyncIterable<Buffer>): Promise<{ readonly rewritten: Promise<Rewritten> }> {
    const result = Promise.withResolvers<Rewritten>();
    result.promise.catch(() => undefined);
    this.#results.push(result);
    this.#post({ kind: "begin", work });
    try {
      for await (const chunk of chunks) await this.#give(chunk);
    } catch (error) {
      this.#post({ kind: "abort" });
      throw error;
    }
    this.#post({ kind: "end" });
    return { rewritten: result.promise };
  }

  /** What is under way is given up. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #give(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += SLOT_BYTES) {
      const piece = chunk.subarray(at, at + SLOT_BYTES);
      const slot = await this.#slot();
      piece.copy(this.#slots, slot * SLOT_BYTES);
      this.#post({ kind: "chunk", slot, bytes: piece.length });
    }
    giveBack(chunk);
  }

  async #slot(): Promise<number> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      const slot = this.#free.pop();
      if (slot !== undefined) return slot;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #post(message: ToThread): void {
    if (this.#fault !== undefined) throw this.#fault;
    this.#worker.postMessage(message, []);
  }

  #take(message: FromThread): void {
    if (message.kind === "free") {
      this.#free.push(...message.slots);
      this.#wake?.();
    } else if (message.kind === "done") {
      this.#results.shift()?.resolve(message.rewritten);
    } else {
      this.#results.shift()?.reject(Object.assign(new Error(message.message), { code: message.code }));
    }
  }

  #end(fault: Error): void {
    this.#fault ??= fault;
    for (const result of this.#results.splice(0)) result.reject(this.#fault);
    this.#wake?.();
  }
}

function started(memory: SharedArrayBuffer): Worker {
  try {
    return new Worker(new URL(import.meta.url), { name: ROLE, workerData: { role: ROLE, memory } });
  } catch (error) {
    throw threadFault(error);
  }
}

interface OpenTable {
  readonly spool: OutputSpool;
  readonly rewriter: TableRewriter;
}

/** The other side, which sees one message after another. */
class Rewriting {
  readonly #port: MessagePort;
  readonly #slots: Buffer;
  readonly #fast = new FastRows();
  readonly #pieces = new WritePieces();
  #table: OpenTable | undefined;
  #answers = Promise.resolve();
  #freed: number[] = [];

  constructor(port: MessagePort, memory: SharedArrayBuffer) {
    this.#port = port;
    this.#slots = Buffer.from(memory);
  }

  async take(message: ToThread): Promise<void> {
    try {
      await this.#act(message);
    } catch (error) {
      await this.#drop();
      this.#answer(Promise.resolve(failed(error)));
    } finally {
      if (message.kind === "chunk") this.#free(message.slot);
    }
  }

  async #act(message: ToThread): Promise<void> {
    if (message.kind === "begin") {
      this.#table = await this.#open(message.work);
    } else if (message.kind === "chunk") {
      const start = message.slot * SLOT_BYTES;
      await this.#table?.rewriter.chunk(this.#slots.subarray(start, start + message.bytes));
    } else if (this.#table !== undefined) {
      if (message.kind === "end") await this.#finish(this.#table);
      else throw new Error("The table was given up.");
    }
  }

  async #open({ header, options, spoolPath, direct, linesPath, indexPath }: TableWork): Promise<OpenTable> {
    const spool = new OutputSpool(spoolPath, { pieces: this.#pieces, direct });
    const target = { linesPath, indexPath, write: (bytes: Buffer) => spool.write(bytes) };
    return { spool, rewriter: await openTable(Buffer.from(header), target, { ...options, fast: this.#fast }) };
  }

  /** What waits for the disk is not waited for: the next table begins meanwhile. */
  async #finish({ spool, rewriter }: OpenTable): Promise<void> {
    const facts = await rewriter.end();
    await rewriter.close();
    this.#table = undefined;
    const done = async (): Promise<FromThread> => ({ kind: "done", rewritten: { facts, file: await spool.finish() } });
    this.#answer(
      done().catch(async (error: unknown) => {
        await spool.remove().catch(() => undefined);
        return failed(error);
      }),
    );
  }

  /** Some at once, for a message wakes the other thread; it is never without any while so few are kept back. */
  #free(slot: number): void {
    this.#freed.push(slot);
    if (this.#freed.length < FREED_AT_ONCE) return;
    this.#tell({ kind: "free", slots: this.#freed });
    this.#freed = [];
  }

  /** In the order of the tables. */
  #answer(answer: Promise<FromThread>): void {
    this.#answers = this.#answers.then(async () => this.#tell(await answer));
  }

  async #drop(): Promise<void> {
    const table = this.#table;
    this.#table = undefined;
    await table?.rewriter.close().catch(() => undefined);
    await table?.spool.remove();
  }

  #tell(message: FromThread): void {
    this.#port.postMessage(message, []);
  }
}

const failed = (error: unknown): FromThread => ({
  kind: "failed",
  message: error instanceof Error ? error.message : String(error),
  code: error instanceof Error && "code" in error ? String(error.code) : undefined,
});

/** This module is also what the thread runs, in a bundle with all that it stands in. */
const own = z.object({ role: z.literal(ROLE), memory: z.instanceof(SharedArrayBuffer) }).safeParse(workerData);
if (own.success && parentPort !== null) {
  const rewriting = new Rewriting(parentPort, own.data.memory);
  let turn = Promise.resolve();
  parentPort.on("message", (message: ToThread) => {
    turn = turn.then(() => rewriting.take(message));
  });
}
