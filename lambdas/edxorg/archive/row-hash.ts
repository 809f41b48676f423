import { createHash, hash } from "node:crypto";

/**
 * `safe` tells all different rows apart; `legacy` is what the replaced platform wrote, whose different rows may
 * collide; `both` writes both columns while a table changes over. Of one table always the same: another one rebuilds it.
 */
export type RowHash = "safe" | "legacy" | "both";

const ABSENT = Buffer.from([0]);

/** Hex sha256 of one row: spec/edxorg.md 4. The fast path builds the same message without these pieces. */
export function safeRowHash(values: readonly (Buffer | null)[]): string {
  const digest = createHash("sha256");
  for (const value of values) {
    if (value === null) {
      digest.update(ABSENT);
      continue;
    }
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(value.length, 1);
    digest.update(head).update(value);
  }
  return digest.digest("hex");
}

export function legacyRowHash(values: readonly (Buffer | null)[]): string {
  return hash("sha256", Buffer.concat(values.filter((value) => value !== null)), "hex");
}
