import type { LedgerCondition } from "./ports.ts";

/** Of a write after a read: that nobody else has written since. Undefined = there was no such item. */
export const ifUnchanged = (read: { readonly rev: number } | undefined): LedgerCondition =>
  read === undefined ? { absent: true } : { rev: read.rev };
