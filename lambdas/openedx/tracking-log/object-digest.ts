import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { ObjectHead } from "../../../core/io/ports.ts";
import { Failure } from "../../../core/model/failures.ts";
import { readLocalFile } from "../../../core/io/local-file.ts";

/**
 * sha256 of the object's bytes, checked against what the store states of it. A difference is worth one more read
 * (Transient); after that it is the object (Malformed `length_mismatch`, `checksum_mismatch`).
 */
export async function digestObject(path: string, head: ObjectHead, attempt: number): Promise<string> {
  const hash = createHash("sha256");
  const file = readLocalFile(path);
  await pipeline(file, hash);
  const sha256 = hash.digest("hex");
  if (file.bytesRead !== head.sizeBytes) {
    throw mismatch("length_mismatch", `${file.bytesRead} bytes instead of ${head.sizeBytes}`, head, attempt);
  }
  const stated = head.metadata["sha256"];
  if (stated !== undefined && stated.toLowerCase() !== sha256) {
    throw mismatch("checksum_mismatch", `sha256 ${sha256} instead of ${stated}`, head, attempt);
  }
  return sha256;
}

function mismatch(code: string, difference: string, head: ObjectHead, attempt: number): Failure {
  const what = `read s3://${head.bucket}/${head.key}`;
  const hint = "Land the file again.";
  return new Failure(attempt === 0 ? "Transient" : "Malformed", `${what} gave ${difference}.`, { code, what, hint });
}
