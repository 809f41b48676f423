import { priceOf, type PriceId } from "./prices.ts";

/** One line of a bill: so much of what has a price. */
export interface Line {
  readonly domain: string;
  readonly what: string;
  readonly price: PriceId;
  readonly quantity: number;
  /** Fixed lines are paid for a month without a single run. */
  readonly kind: "fixed" | "variable";
}

export const usdOf = ({ price, quantity }: Line): number => {
  const { usd, per } = priceOf(price);
  return (quantity * usd) / per;
};

export const totalOf = (lines: readonly Line[]): number => lines.reduce((sum, line) => sum + usdOf(line), 0);

/** Takes the monthly allowances off, from the first line of a price on. */
export function withFreeTier(lines: readonly Line[]): readonly Line[] {
  const left = new Map<PriceId, number>();
  return lines.map((line) => {
    const free = left.get(line.price) ?? priceOf(line.price).free ?? 0;
    const taken = Math.min(free, line.quantity);
    left.set(line.price, free - taken);
    return { ...line, quantity: line.quantity - taken };
  });
}

/** Sums by a key, largest first. */
export function sumBy(lines: readonly Line[], key: (line: Line) => string): readonly (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(key(line), (sums.get(key(line)) ?? 0) + usdOf(line));
  return [...sums].sort(([, left], [, right]) => right - left);
}
