import { setTimeout as pause } from "node:timers/promises";
import { chunkBytes } from "../../../core/io/chunk.ts";
import type { Objects } from "../../../core/io/ports.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";

const PART_BYTES = 8 * 1_048_576;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;

export interface PinnedObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
}

/**
 * An object's bytes in parts, one of them read ahead. A single stream would be cut: while a large member is written
 * elsewhere nobody reads it for minutes, and hours of work would end with one reset connection.
 */
export async function* objectBytes(objects: Pick<Objects, "get">, object: PinnedObject): AsyncGenerator<Buffer> {
  const { sizeBytes } = object;
  const readAt = (start: number): Promise<readonly Buffer[]> => {
    const part = readPart(objects, object, start, Math.min(start + PART_BYTES, sizeBytes) - 1);
    // Whoever awaits it hears of the failure.
    part.catch(() => undefined);
    return part;
  };
  let ahead = sizeBytes > 0 ? readAt(0) : undefined;
  for (let start = 0; ahead !== undefined; start += PART_BYTES) {
    const part = await ahead;
    ahead = start + PART_BYTES < sizeBytes ? readAt(start + PART_BYTES) : undefined;
    yield* part;
  }
}

async function readPart(
  objects: Pick<Objects, "get">,
  { bucket, key, versionId }: PinnedObject,
  start: number,
  end: number,
): Promise<readonly Buffer[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of await objects.get({ bucket, key, versionId }, { start, end })) {
        chunks.push(chunkBytes(chunk));
        bytes += chunks.at(-1)?.length ?? 0;
      }
      if (bytes === end - start + 1) return chunks;
      throw new Failure("Transient", `s3://${bucket}/${key} gave ${bytes} bytes of ${end - start + 1}.`, {
        code: "object_interrupted",
        what: `read s3://${bucket}/${key}`,
      });
    } catch (error) {
      const again = isFailure(error) && (error.name === "Transient" || error.name === "Throttled");
      if (!again || attempt === ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}
