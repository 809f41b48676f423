/** A stream's chunk as bytes; a stream of anything else is a mistake of the caller. */
export function chunkBytes(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (typeof chunk === "string" || chunk instanceof Uint8Array) return Buffer.from(chunk);
  throw new TypeError("An object's body must be a stream of bytes or text.");
}
