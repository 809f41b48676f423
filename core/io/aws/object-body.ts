import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Failure } from "../../model/failures.ts";
import { chunkBytes } from "../chunk.ts";
import { fileExtension } from "../limits.ts";
import { awsFailure } from "./errors.ts";

/** The body, with every way in which it can end early turned into Transient `object_interrupted`. */
export function checkedBody(body: Readable, expectedBytes: number | undefined, what: string): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of body) {
        const part = chunkBytes(chunk);
        bytes += part.length;
        yield part;
      }
    } catch (cause) {
      throw interrupted(what, bytes, expectedBytes, cause);
    }
    if (expectedBytes !== undefined && bytes !== expectedBytes) throw interrupted(what, bytes, expectedBytes);
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** Runs `use` with the bytes in a file of its own, which goes with it. */
export async function withTemporaryFile<T>(key: string, body: Readable, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-"));
  try {
    const path = join(folder, `object${fileExtension(key)}`);
    try {
      await pipeline(body, createWriteStream(path, { flags: "wx", mode: 0o444 }));
    } catch (error) {
      throw awsFailure(error, "keep an object on the task's disk");
    }
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const interrupted = (what: string, bytes: number, expected: number | undefined, cause?: unknown): Failure =>
  new Failure("Transient", `Cannot ${what}: it ended after ${bytes} of ${expected ?? "?"} bytes or is damaged.`, {
    code: "object_interrupted",
    what,
    cause,
  });
