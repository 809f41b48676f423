import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";

/** What the figures were measured on. */
export const describeMachine = (): string =>
  `${platform()} ${arch()}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;

export interface BenchResult {
  readonly bench: string;
  readonly machine: string;
  /** Units are in the names: `_ms`, `_mb`, `_mb_s`. */
  readonly figures: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** The value below which `share` of the values lie (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
