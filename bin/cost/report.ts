import { table } from "../cli/output.ts";
import type { Bill } from "./bill.ts";
import { sumBy, totalOf, usdOf, type Line } from "./line.ts";
import { PRICES_READ, REGION, priceOf } from "./prices.ts";

export const usd = (value: number): string => {
  // Sums that are equal must look equal, whatever order they were added in.
  const rounded = Math.round(value * 100) / 100;
  return `$${rounded.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
};

const serviceOf = ({ price }: Line): string => priceOf(price).service;

/** A line as people count it: what it is for, whatever it consists of. */
export const largest = (lines: readonly Line[]): readonly (readonly [string, number])[] =>
  sumBy(lines, (line) => `${serviceOf(line)}, ${line.what} (${line.domain})`).slice(0, 3);

export function summaryOf(bill: Bill) {
  const fixed = totalOf(bill.lines.filter(({ kind }) => kind === "fixed"));
  const total = totalOf(bill.lines);
  return {
    total,
    fixed,
    variable: total - fixed,
    /** Variable part over the runs from outside. */
    perRun: bill.runs === 0 ? 0 : (total - fixed) / bill.runs,
    largest: largest(bill.lines),
    services: sumBy(bill.lines, serviceOf),
    domains: sumBy(bill.lines, ({ domain }) => domain),
    peer: {
      total: totalOf(bill.peer),
      fixed: totalOf(bill.peer.filter(({ kind, domain }) => kind === "fixed" && domain === "peer")),
      largest: largest(bill.peer),
    },
  };
}

/** The bill for people. */
export function reportOf(bill: Bill, environment: string, freeTier: boolean): string {
  const sum = summaryOf(bill);
  const rows = (sums: readonly (readonly [string, number])[]): string[][] =>
    sums.map(([name, value]) => [name, usd(value)]);
  return [
    `${environment}, ${REGION}, prices of ${PRICES_READ}, ${freeTier ? "free allowances taken off" : "no free allowances"}`,
    `${count(bill.runs)} runs a month from outside, ${count(bill.executions)} executions, ${count(bill.fargateHours)} container hours`,
    "",
    table(
      ["a month", "Millrace", "always-on Dagster"],
      [
        ["total", usd(sum.total), usd(sum.peer.total)],
        ["without a single run", usd(sum.fixed), usd(sum.peer.fixed)],
        ["by use", usd(sum.variable), usd(sum.peer.total - sum.peer.fixed)],
        ["by use, a run", `$${sum.perRun.toFixed(5)}`, ""],
      ],
    ),
    "",
    table(["largest lines", "a month"], rows(sum.largest)),
    "",
    table(["largest lines of the peer", "a month"], rows(sum.peer.largest)),
    "",
    table(["service", "a month"], rows(sum.services)),
    "",
    table(["domain", "a month"], rows(sum.domains)),
    ...bill.warnings.map((warning) => `\n!!  ${warning}`),
  ].join("\n");
}

/** The bill for programs: every line with its price and where that comes from. */
export const documentOf = (bill: Bill, environment: string) => {
  const detailed = (lines: readonly Line[]) =>
    lines.map((line) => ({ ...line, ...pick(line), usd: usdOf(line) })).sort((left, right) => right.usd - left.usd);
  const { largest: three, services, domains, peer, ...sums } = summaryOf(bill);
  const named = (pairs: readonly (readonly [string, number])[]) => Object.fromEntries(pairs);
  return {
    environment,
    region: REGION,
    pricesOf: PRICES_READ,
    runs: bill.runs,
    executions: bill.executions,
    ...sums,
    largest: named(three),
    services: named(services),
    domains: named(domains),
    lines: detailed(bill.lines),
    peer: { total: peer.total, fixed: peer.fixed, largest: named(peer.largest), lines: detailed(bill.peer) },
    warnings: bill.warnings,
  };
};

const pick = ({ price }: Line) => {
  const { service, unit, source } = priceOf(price);
  return { service, unit, source };
};

export const count = (value: number): string => Math.round(value).toLocaleString("en-US");
