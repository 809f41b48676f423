import type { Pipeline } from "../../core/model/pipeline.ts";
import { billOf } from "./bill.ts";
import { totalOf } from "./line.ts";
import type { Resource } from "./templates.ts";
import type { Workload } from "./workload.ts";

const MOST = 10_000_000;

/** Runs a month from which on the peer is cheaper; undefined = never up to ten millions. */
export function breakEven(resources: readonly Resource[], pipelines: readonly Pipeline[], workload: Workload) {
  const dearer = (runs: number): boolean => {
    const { lines, peer } = billOf(resources, pipelines, { ...workload, runs });
    return totalOf(lines) > totalOf(peer);
  };
  if (dearer(0)) return 0;
  if (!dearer(MOST)) return undefined;
  let [below, above] = [0, MOST];
  while (above - below > above / 1_000) {
    const middle = Math.floor((below + above) / 2);
    if (dearer(middle)) above = middle;
    else below = middle;
  }
  return above;
}
