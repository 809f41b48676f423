/**
 * A row whose values lie in one buffer: of value `i` the bytes from `bounds[2 * i]` to `bounds[2 * i + 1]`; a begin of -1
 * is NULL. Valid only during the call that gets it: an object for each value would cost more than all that is done with it.
 */
export interface Cells {
  readonly bytes: Uint8Array;
  readonly bounds: Int32Array;
}

/** Values beside one another; text as UTF-8. */
export function cellsOf(values: readonly (Uint8Array | string | null)[]): Cells {
  const parts = values.map((value) => (typeof value === "string" ? Buffer.from(value) : value));
  const bounds = new Int32Array(2 * parts.length).fill(-1);
  let end = 0;
  for (const [index, part] of parts.entries()) {
    if (part === null) continue;
    bounds[2 * index] = end;
    bounds[2 * index + 1] = end += part.length;
  }
  return { bytes: Buffer.concat(parts.filter((part) => part !== null)), bounds };
}

/** Undefined = NULL, or no such value. */
export function cellOf({ bytes, bounds }: Cells, index: number): Uint8Array | undefined {
  const begin = bounds[2 * index] ?? -1;
  return begin < 0 ? undefined : bytes.subarray(begin, bounds[2 * index + 1]);
}
