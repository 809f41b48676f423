import { createReadStream, type ReadStream } from "node:fs";

/** Files are read in such pieces: with Node's 64 KB most of the time goes into the calls. */
export const READ_BYTES = 1_048_576;

/** A file of this machine, `end` inclusive. */
export const readLocalFile = (
  path: string,
  range: { readonly start?: number; readonly end?: number } = {},
): ReadStream => createReadStream(path, { ...range, highWaterMark: READ_BYTES });
