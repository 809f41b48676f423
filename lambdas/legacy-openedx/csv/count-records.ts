const [QUOTE, LF] = [0x22, 0x0a];

/** Counts the records of whole lines by their quotes and line ends alone, to hold against what was written. */
export function countRecords(bytes: Uint8Array): number {
  let records = 0;
  let quoted = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    // Nearly all bytes are above both.
    if (byte > QUOTE) continue;
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === LF && !quoted) records += 1;
  }
  return quoted ? Number.NaN : records;
}
